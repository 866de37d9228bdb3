// Reads values from servers and clients. Each part may be missing, have another type, or throw.

/** The result of some work; `undefined` if it throws, as the getters of a foreign object may. */
export function asked<T>(work: () => T): T | undefined {
  try {
    return work()
  } catch {
    return undefined
  }
}

/** The value of a JSON text; `undefined` for any other text. */
export function parseJson(text: string): unknown {
  return asked<unknown>(() => JSON.parse(text))
}

/** Whether a value has members. Arrays have them too. */
export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null
}

/**
 * The value at a path of a value that may be anything: parsed JSON, or the error of a client; `undefined` when a step is
 * missing, or is a getter that throws.
 */
export function memberAt(value: unknown, ...path: ReadonlyArray<string | number>): unknown {
  return asked(() => path.reduce<unknown>((at, name) => (isObject(at) ? Reflect.get(at, name) : undefined), value))
}

/** The text at a path; `undefined` when it is absent or empty. */
export function textAt(value: unknown, ...path: ReadonlyArray<string | number>): string | undefined {
  const text = memberAt(value, ...path)
  return typeof text === "string" && text !== "" ? text : undefined
}

/** The list at a path; empty when there is none. */
export function listAt(value: unknown, ...path: ReadonlyArray<string | number>): readonly unknown[] {
  const list = memberAt(value, ...path)
  return Array.isArray(list) ? list : []
}
