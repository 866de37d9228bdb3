import { encodedPath } from "./percent-encoding.ts"

/**
 * The path as it is signed: each segment percent-encoded once, and a slash at the end, whether or not it is sent;
 * and the end of the line.
 *
 * @see API Signing Guide, "Canonical URI"
 */
export function canonicalUriLine(path: string): string {
  const encoded = encodedPath(path)
  // In one step, since each part that a text is added up from has its cost in the hash.
  return encoded + (encoded.endsWith("/") ? "\n" : "/\n")
}
