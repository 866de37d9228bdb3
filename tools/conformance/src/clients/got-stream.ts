import { Readable } from "node:stream"
import { pipeline } from "node:stream/promises"
import { withAuth } from "@countersign/got"
import got, { type Got, type Method, type Request } from "got"
import { type CallOptions, type Connect, METHOD } from "./connect.ts"

/** `got.stream` with a body as an option. */
export const gotStream: Connect = (options) => {
  const { body, isJson } = options
  const init = body === undefined ? {} : isJson ? { json: body } : { body: body as string }
  const request = clientOf(options).stream(options.path.slice(1), { method: METHOD as Method, ...init })
  // Otherwise it waits for piped data.
  if (body === undefined) request.end()
  return statusOf(request)
}

/** `got.stream` that the body is piped into. */
export const gotPipe: Connect = async (options) => {
  const request = clientOf(options).stream(options.path.slice(1), { method: METHOD as Method })
  const source = Readable.from(options.body as AsyncIterable<Uint8Array>, { objectMode: false })
  const [status] = await Promise.all([statusOf(request), pipeline(source, request)])
  return status
}

function clientOf({ baseUrl, auth, guard, retries }: CallOptions): Got {
  const base = got.extend({
    prefixUrl: baseUrl,
    // got retries a stream only after an error.
    throwHttpErrors: retries > 0,
    retry: { limit: retries, calculateDelay: ({ computedValue }) => Math.min(computedValue, 1) },
  })
  return auth === undefined ? base : withAuth(base, auth, guard)
}

/** The status of the last attempt, after its answer was read to the end. */
function statusOf(request: Request): Promise<number> {
  return new Promise((resolve, reject) => {
    let status = 0
    const follow = (attempt: Request): void => {
      attempt.on("response", (response: { statusCode: number }) => {
        status = response.statusCode
      })
      attempt.once("retry", (_count: number, _error: Error, createRetryStream: () => Request) => {
        follow(createRetryStream())
      })
      attempt.once("error", reject)
      attempt.once("end", () => resolve(status))
      attempt.resume()
    }
    follow(request)
  })
}
