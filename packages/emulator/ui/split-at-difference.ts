/** Splits a text into the start that another one has too, the part that differs, and the end that both have. */
export function splitAtDifference(text: string, other: string): [before: string, differing: string, after: string] {
  let start = 0
  while (start < text.length && text[start] === other[start]) start++
  let end = 0
  while (end < Math.min(text.length, other.length) - start && text.at(-1 - end) === other.at(-1 - end)) end++
  return [text.slice(0, start), text.slice(start, text.length - end), text.slice(text.length - end)]
}
