const TOKEN = /^[\w!#$%&'*+.^`|~-]+$/

/** One that was found good: methods in a row are mostly the same. */
let known = "GET"

/** Whether a value is what HTTP calls a token: a method or a header name (RFC 9110, section 5.6.2). */
export function isToken(value: unknown): value is string {
  if (value === known) return true
  if (typeof value !== "string" || !TOKEN.test(value)) return false
  known = value
  return true
}
