/** The value of a JSON text; `undefined` for any other text. */
export function parsedJson(text: string): unknown {
  try {
    return JSON.parse(text.replace(/^\uFEFF/, ""))
  } catch {
    return undefined
  }
}

/** A member of a value that may be anything. */
export function memberAt(value: unknown, name: string): unknown {
  return typeof value === "object" && value !== null ? Reflect.get(value, name) : undefined
}

export function textAt(value: unknown, name: string): string | undefined {
  const found = memberAt(value, name)
  return typeof found === "string" ? found : undefined
}

export function listAt(value: unknown, name: string): readonly unknown[] {
  const found = memberAt(value, name)
  return Array.isArray(found) ? found : []
}
