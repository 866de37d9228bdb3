import { encodedPath } from "./percent-encoding.ts"

/**
 * The path as it is signed: each segment percent-encoded once, and a slash at the end, whether or not it is sent.
 *
 * @see API Signing Guide, "Canonical URI"
 */
export function canonicalUri(path: string): string {
  const encoded = encodedPath(path)
  return encoded.endsWith("/") ? encoded : `${encoded}/`
}
