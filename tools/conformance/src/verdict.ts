import type { IncomingHttpHeaders } from "node:http"
import { verify } from "@countersign/auth-core"
import { CREDENTIALS } from "./matrix.ts"

const keys = Object.values(CREDENTIALS)

/** "valid", or the fault in the authentication of a request to an origin. */
export async function verdictOf(
  origin: string,
  method: string,
  target: string,
  headers: IncomingHttpHeaders,
  body: Uint8Array,
): Promise<string> {
  if (headers.host !== new URL(origin).host) return `the host is said to be ${headers.host}`
  if (headers["x-auth-token"] !== undefined)
    return /^token-\d+$/.test(String(headers["x-auth-token"])) ? "valid" : "an unknown token"
  if (headers.authorization === undefined) return "no authentication"
  const result = await verify(
    { method, url: origin + target, headers: headers as Record<string, string>, body },
    {
      secretFor: async (id) => keys.find(({ accessKeyId }) => accessKeyId === id),
      maxSkewMs: 24 * 3_600_000,
      // As the gateway allows, for piped bodies.
      allowUnsignedPayload: true,
    },
  )
  return result.ok ? "valid" : result.message
}
