const TOKEN = /^[\w!#$%&'*+.^`|~-]+$/

/** Whether a value is what HTTP calls a token: a method or a header name (RFC 9110, section 5.6.2). */
export function isToken(value: unknown): value is string {
  return typeof value === "string" && TOKEN.test(value)
}
