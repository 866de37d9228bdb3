/** Parses text of the other side; `undefined` when it is no JSON. */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

/** What stands at a path of a parsed body; `undefined` when any step is missing. */
export function memberAt(body: unknown, ...path: ReadonlyArray<string | number>): unknown {
  return path.reduce<unknown>(
    (at, name) => (typeof at === "object" && at !== null ? Reflect.get(at, name) : undefined),
    body,
  )
}

/** The text at a path of a parsed body; `undefined` when there is none, or an empty one. */
export function textAt(body: unknown, ...path: ReadonlyArray<string | number>): string | undefined {
  const value = memberAt(body, ...path)
  return typeof value === "string" && value !== "" ? value : undefined
}

/** The instant at a path of a parsed body, epoch ms. IAM writes UTC with six decimals, of which three count here. */
export function timeAt(body: unknown, ...path: ReadonlyArray<string | number>): number | undefined {
  const parts = /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(\.\d{1,3})?\d*(Z|[+-]\d\d:\d\d)?$/.exec(textAt(body, ...path) ?? "")
  if (parts === null) return undefined
  const [, seconds, fraction = "", zone = "Z"] = parts
  const time = Date.parse(`${seconds}${fraction}${zone}`)
  return Number.isNaN(time) ? undefined : time
}
