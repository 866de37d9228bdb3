import { stringify } from "node:querystring"
import { AuthError, type OutgoingRequest } from "@countersign/auth-core"
import type { Dispatcher } from "undici"

/** What undici is about to dispatch, in the engine's words. */
export function outgoingRequest(options: Dispatcher.DispatchOptions): OutgoingRequest {
  const { origin, path, method, query, headers, body } = options
  if (origin === undefined) {
    throw new AuthError(
      "AUTH_INVALID_REQUEST",
      "The request names no origin, so there is no host to authenticate for: dispatch it with `origin`.",
    )
  }
  const search = stringify(query ?? {})
  return {
    method,
    url: new URL(search === "" ? path : `${path}?${search}`, origin),
    headers: headerRecord(headers),
    body,
  }
}

/** Headers by lower-case name, from any of the forms that undici takes. */
function headerRecord(headers: Dispatcher.DispatchOptions["headers"]): Record<string, string> {
  const record: Record<string, string> = {}
  for (const [name, value] of pairsOf(headers)) {
    const lower = name.toLowerCase()
    const text = Array.isArray(value) ? value.join(", ") : String(value)
    record[lower] = record[lower] === undefined ? text : `${record[lower]}, ${text}`
  }
  return record
}

function* pairsOf(headers: Dispatcher.DispatchOptions["headers"]): Generator<[string, unknown]> {
  if (headers === undefined || headers === null) return
  if (!(Symbol.iterator in headers)) {
    for (const [name, value] of Object.entries(headers)) {
      if (value !== undefined) yield [name, value]
    }
    return
  }
  // Names and values in turn, or in pairs.
  let name: string | undefined
  for (const item of headers as Iterable<unknown>) {
    if (Array.isArray(item) && name === undefined) yield [String(item[0]), item[1]]
    else if (name === undefined) name = String(item)
    else {
      yield [name, item]
      name = undefined
    }
  }
}
