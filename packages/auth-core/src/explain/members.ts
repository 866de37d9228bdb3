export function isObject(value: unknown): value is object {
  return typeof value === "object" && value !== null
}

/** Reads a member of what others made, whose getters may throw. */
export function memberOf(holder: object, name: string): unknown {
  try {
    return Reflect.get(holder, name)
  } catch {
    return undefined
  }
}

/** The same, where it is text. */
export function textAt(holder: unknown, name: string): string | undefined {
  const value = isObject(holder) ? memberOf(holder, name) : undefined
  return typeof value === "string" ? value : undefined
}

/** Headers in any form that clients have for them, by lower-case name. */
export function headersOf(headers: unknown): Readonly<Record<string, string>> {
  const record: Record<string, string> = {}
  if (!isObject(headers)) return record
  const entries: Iterable<unknown> =
    Symbol.iterator in headers ? (headers as Iterable<unknown>) : Object.entries(headers)
  const list = [...entries]
  // undici may give names and values in turn.
  const pairs = list.every((item) => typeof item === "string")
    ? list.flatMap((name, at) => (at % 2 === 0 ? [[name, list[at + 1]]] : []))
    : list
  for (const pair of pairs) {
    if (!Array.isArray(pair)) continue
    const [name, value] = pair
    if (value !== undefined && value !== null)
      record[String(name).toLowerCase()] = Array.isArray(value) ? value.join(", ") : String(value)
  }
  return record
}
