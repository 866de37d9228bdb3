import type { MiddlewareHandler } from "hono"
import { requestHead, type ServerEnv } from "../incoming-request.ts"
import { partOf } from "../part-of.ts"
import type { Trace } from "../trace.ts"
import type { RecordedRequest, Recorder } from "./recorder.ts"

/** Longer texts of errors are not kept. */
const MOST_ERROR_BYTES = 16 * 1024

/** Records each request, and how it was answered. */
export function recordRequests(
  recorder: Recorder,
  onAnswer: (request: RecordedRequest) => void,
): MiddlewareHandler<ServerEnv> {
  return async (context, next) => {
    const trace: Trace = {}
    context.set("trace", trace)
    const { method, url, target, path, headers } = requestHead(context)
    const port = context.env.incoming.socket.localPort ?? 80
    const part = partOf(path)
    const request = recorder.open({ time: Date.now(), part, method, url, target, path, headers, port, trace })
    const start = performance.now()
    await next()
    const { res } = context
    const hasEnded = context.env.incoming.socket.destroyed
    const text = hasEnded || res.status < 400 ? undefined : await errorText(res)
    recorder.close(request, {
      durationMs: Math.round((performance.now() - start) * 10) / 10,
      headers: hasEnded ? {} : Object.fromEntries(res.headers),
      ...(hasEnded ? {} : { status: res.status }),
      ...(text === undefined ? {} : { text }),
    })
    onAnswer(request)
  }
}

async function errorText(response: Response): Promise<string | undefined> {
  const text = await response.clone().text()
  return text.length > MOST_ERROR_BYTES ? undefined : text
}
