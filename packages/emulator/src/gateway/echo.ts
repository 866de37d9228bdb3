import type { RequestHead } from "../incoming-request.ts"
import type { Caller, Scheme } from "../state/stats.ts"
import type { GatewayBody } from "./read-body.ts"

/** The longest text of a body that is echoed, in bytes. */
const MOST_ECHOED = 4_096

const SECRET = new Set(["authorization", "x-auth-token", "x-security-token", "x-apig-appcode"])

/** Answers with the request that arrived and its sender, on every path that has no other answer. */
export function echo(
  { method, target, path, headers }: RequestHead,
  query: URLSearchParams,
  body: GatewayBody,
  scheme: Scheme,
  caller: Caller,
): object {
  return {
    method,
    target,
    path,
    query: Object.fromEntries([...new Set(query.keys())].map((name) => [name, query.getAll(name)])),
    headers: Object.fromEntries(Object.entries(headers).filter(([name]) => !SECRET.has(name))),
    body: { bytes: body.bytes, sha256: body.sha256, text: textOf(body) },
    caller: { scheme, ...caller },
  }
}

function textOf({ content }: GatewayBody): string | undefined {
  if (content === undefined || content.byteLength > MOST_ECHOED) return undefined
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(content)
  } catch {
    return undefined
  }
}
