export function isObject(value: unknown): value is object {
  return typeof value === "object" && value !== null
}

/** Asks what others made, which may throw. */
export function asked<T>(work: () => T): T | undefined {
  try {
    return work()
  } catch {
    return undefined
  }
}

export function memberOf(holder: object, name: string): unknown {
  return asked(() => Reflect.get(holder, name))
}

/** The same, where it is text. */
export function textAt(holder: unknown, name: string): string | undefined {
  const value = isObject(holder) ? memberOf(holder, name) : undefined
  return typeof value === "string" ? value : undefined
}

/** Headers in any form that clients have for them, by lower-case name. */
export function headersOf(headers: unknown): Readonly<Record<string, string>> {
  if (!isObject(headers)) return {}
  const pairs = asked(() => pairsOf(headers)) ?? []
  return Object.fromEntries(pairs.map(([name, value]) => [name.toLowerCase(), value]))
}

function pairsOf(headers: object): [string, string][] {
  const entries: Iterable<unknown> =
    Symbol.iterator in headers ? (headers as Iterable<unknown>) : Object.entries(headers)
  const list = [...entries]
  // undici may give names and values in turn.
  const isFlat = list.every((item) => typeof item === "string")
  const pairs = isFlat ? list.flatMap((name, at) => (at % 2 === 0 ? [[name, list[at + 1]]] : [])) : list
  return pairs.flatMap((pair): [string, string][] => {
    const [name, value] = Array.isArray(pair) ? pair : []
    return value === undefined || value === null ? [] : [[String(name), [value].flat().join(", ")]]
  })
}
