import { isObject, parseJson } from "@countersign/auth-core/adapter"
import { keystoneError } from "../refusal.ts"

/** A JSON object of unknown members. */
export type Json = Readonly<Record<string, unknown>>

/** A JSON object; `undefined` for any other text. */
export function parseObject(text: string): Json | undefined {
  const body = parseJson(text)
  return isObject(body) && !Array.isArray(body) ? body : undefined
}

/** @throws {Refusal} 400 */
export function parseBody(text: string): Json {
  const body = parseObject(text)
  if (body === undefined) throw keystoneError(400, "Malformed json in request body")
  return body
}
