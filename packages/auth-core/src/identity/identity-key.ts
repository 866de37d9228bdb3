/**
 * Joins the parts that name an identity into one key. Each part is percent-encoded, so no two lists give one key.
 * Nothing secret may go in.
 */
export function identityKey(kind: string, ...parts: ReadonlyArray<string | undefined>): string {
  return [kind, ...parts.map((part) => (part === undefined ? "" : `=${encodeURIComponent(part)}`))].join("/")
}
