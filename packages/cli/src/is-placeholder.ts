const PLACEHOLDER = /^<.*>$|^\*+$|^x{4,}$|^(?:my|an?|your)[-_ ]?(?:access|secret)/i

/** Whether a value is the one of an example or a template, such as `<your key>`. */
export function isPlaceholder(value: string): boolean {
  return PLACEHOLDER.test(value)
}
