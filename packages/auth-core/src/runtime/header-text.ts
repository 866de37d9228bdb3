/** Whether a value can be sent in a header as it is: one or more visible ASCII characters, no space. */
export function isHeaderText(value: unknown): value is string {
  return typeof value === "string" && /^[\x21-\x7e]+$/.test(value)
}

/**
 * The time in a header such as Date, epoch ms; `undefined` when the header is absent or unreadable.
 *
 * @see RFC 9110, section 5.6.7
 */
export function timeInHeader(text: string | null | undefined): number | undefined {
  const time = Date.parse(text ?? "")
  return Number.isNaN(time) ? undefined : time
}
