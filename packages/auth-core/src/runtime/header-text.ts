/** Whether a value can be sent in a header as it is: one or more visible ASCII characters, no space. */
export function isHeaderText(value: unknown): value is string {
  return typeof value === "string" && /^[\x21-\x7e]+$/.test(value)
}
