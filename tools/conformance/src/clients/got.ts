import { withAuth } from "@countersign/got"
import got, { type Method } from "got"
import { type Connect, METHOD } from "./connect.ts"

export const gotClient: Connect = async ({ baseUrl, path, body, isJson, auth, hosts, retries }) => {
  const base = got.extend({ prefixUrl: baseUrl, throwHttpErrors: false })
  const client = auth === undefined ? base : withAuth(base, auth, { hosts })
  const { statusCode } = await client(path.slice(1), {
    method: METHOD as Method,
    retry: { limit: retries, calculateDelay: ({ computedValue }) => Math.min(computedValue, 1) },
    ...(body === undefined ? {} : isJson ? { json: body } : { body: body as string }),
  })
  return statusCode
}
