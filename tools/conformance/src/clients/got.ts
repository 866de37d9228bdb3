import { Agent } from "node:http"
import { withAuth } from "@countersign/got"
import got, { type Method } from "got"
import { HttpsProxyAgent } from "hpagent"
import { type Connect, METHOD } from "./connect.ts"

export const gotClient: Connect = async ({ baseUrl, path, body, isJson, auth, guard, retries, isHttp2, proxy }) => {
  const base = got.extend({
    prefixUrl: baseUrl,
    throwHttpErrors: false,
    http2: isHttp2,
    // Node's own agent forwards, hpagent tunnels.
    ...(proxy === undefined
      ? {}
      : { agent: { http: new Agent({ proxyEnv: { HTTP_PROXY: proxy } }), https: new HttpsProxyAgent({ proxy }) } }),
  })
  const client = auth === undefined ? base : withAuth(base, auth, guard)
  const { statusCode } = await client(path.slice(1), {
    method: METHOD as Method,
    retry: { limit: retries, calculateDelay: ({ computedValue }) => Math.min(computedValue, 1) },
    ...(body === undefined ? {} : isJson ? { json: body } : { body: body as string }),
  })
  return statusCode
}
