import { createFetch, withAuth } from "@countersign/fetch"
import { ofetch } from "ofetch"
import createClient from "openapi-fetch"
import wretch from "wretch"
import { retry } from "wretch/middlewares"
import { type CallOptions, type Connect, jsonInit, METHOD } from "./connect.ts"

function fetchOf({ auth, guard }: CallOptions): typeof fetch {
  return auth === undefined ? fetch : withAuth(fetch, auth, guard)
}

/** Node requires it for a stream. Other runtimes ignore it. */
const duplex = { duplex: "half" } as const

export const bare: Connect = async (options) => {
  const { status } = await fetchOf(options)(options.baseUrl + options.path, {
    method: METHOD,
    ...duplex,
    ...jsonInit(options),
  })
  return status
}

export const underOfetch: Connect = async (options) => {
  const { auth, guard, baseUrl, path, body, retries } = options
  const client = auth === undefined ? ofetch : ofetch.create({}, { fetch: createFetch(auth, guard) })
  const response = await client.raw(baseUrl + path, {
    method: METHOD,
    ...duplex,
    retry: retries,
    retryDelay: 1,
    retryStatusCodes: [503],
    ignoreResponseError: retries === 0,
    responseType: "text",
    ...(body === undefined ? {} : { body: body as BodyInit }),
  })
  return response.status
}

export const underWretch: Connect = async (options) => {
  const { baseUrl, path, retries } = options
  const { body, headers } = jsonInit(options)
  return wretch(baseUrl + path, { ...duplex, ...(headers === undefined ? {} : { headers }) })
    .fetchPolyfill(fetchOf(options))
    .middlewares(retries === 0 ? [] : [retry({ delayTimer: 1, maxAttempts: retries })])
    .body(body)
    .put()
    .res(({ status }) => status)
    .catch((error: unknown) => statusOf(error))
}

export const underOpenapiFetch: Connect = async (options) => {
  const { baseUrl, path } = options
  const client = createClient<Record<string, Record<string, never>>>({ baseUrl, fetch: fetchOf(options) as never })
  const put = client.PUT as (path: string, init: object) => Promise<{ response: Response }>
  const { body, headers } = jsonInit(options)
  const { response } = await put(path, {
    ...duplex,
    ...(body === undefined ? {} : { body }),
    headers: headers ?? {},
    bodySerializer: (one: unknown) => one,
  })
  return response.status
}

/** wretch throws every answer that is not a success. */
function statusOf(error: unknown): number {
  if (error instanceof Error && "status" in error && typeof error.status === "number") return error.status
  throw error
}
