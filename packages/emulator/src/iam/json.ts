import { keystoneError } from "../refusal.ts"

/** A JSON object of unknown members. */
export type Json = Readonly<Record<string, unknown>>

function isObject(value: unknown): value is Json {
  return typeof value === "object" && value !== null && !Array.isArray(value)
}

/** The value at a path of member names; `undefined` if a member is missing. */
export function at(value: unknown, ...path: string[]): unknown {
  return path.reduce<unknown>((inner, name) => (isObject(inner) ? inner[name] : undefined), value)
}

export function textAt(value: unknown, ...path: string[]): string | undefined {
  const found = at(value, ...path)
  return typeof found === "string" && found !== "" ? found : undefined
}

/** A JSON object; `undefined` for any other text. */
export function parseJson(text: string): Json | undefined {
  try {
    const body: unknown = JSON.parse(text)
    return isObject(body) ? body : undefined
  } catch {
    return undefined
  }
}

/** @throws {Refusal} 400 */
export function parseBody(text: string): Json {
  const body = parseJson(text)
  if (body === undefined) throw keystoneError(400, "Malformed json in request body")
  return body
}
