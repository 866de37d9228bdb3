import { format, inspect } from "node:util"

const EVERYTHING = { depth: Number.POSITIVE_INFINITY, showHidden: true, maxArrayLength: 1_000, maxStringLength: null }

/** Everything that values show, in every way of printing that a log, a debugger or Node itself uses. */
export function shown(...values: unknown[]): string {
  return values
    .flatMap((value) => [
      inspect(value),
      inspect(value, EVERYTHING),
      inspect(value, { ...EVERYTHING, customInspect: false }),
      inspect(value, { ...EVERYTHING, customInspect: false, showProxy: true }),
      // Getters of HTTP/2 sessions return new objects at each level.
      inspect(value, { ...EVERYTHING, customInspect: false, getters: true, depth: 4 }),
      format("%o %O %j", value, value, value),
      json(value),
      cloned(value),
      value instanceof Error ? `${value} ${value.stack}` : "",
    ])
    .join("\n")
}

/** The first mark that a text holds, with the text before it; `undefined` if it holds none. */
export function markIn(text: string, ...marks: string[]): string | undefined {
  for (const mark of marks) {
    const at = text.indexOf(mark)
    if (at !== -1) return text.slice(Math.max(0, at - 200), at + mark.length)
  }
  return undefined
}

/** JSON without repeated objects, as many loggers make it. */
function json(value: unknown): string {
  const seen = new WeakSet<object>()
  const text = JSON.stringify(value, (_key, part: unknown) => {
    if (typeof part !== "object" || part === null) return part
    if (seen.has(part)) return undefined
    seen.add(part)
    return part
  })
  return text ?? ""
}

function cloned(value: unknown): string {
  try {
    return inspect(structuredClone(value), { ...EVERYTHING, customInspect: false })
  } catch {
    // Most responses and errors hold functions, which cannot be cloned.
    return ""
  }
}
