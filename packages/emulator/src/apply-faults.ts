import type { Context, MiddlewareHandler } from "hono"
import type { ContentfulStatusCode } from "hono/utils/http-status"
import { gatewayError, keystoneError } from "./answers.ts"
import { requestHead, type ServerEnv } from "./incoming-request.ts"
import { type FaultTarget, takeFaults } from "./state/faults.ts"
import type { World } from "./state/world.ts"

/** Which part of the emulator a path belongs to. */
export function partOf(path: string): "iam" | "metadata" | "gateway" {
  if (/^\/(?:openstack|meta-data|pod-identity)\//.test(path)) return "metadata"
  return path === "/" || /^\/(?:v3|v3\.0|v5)(?:\/|$)/.test(path) ? "iam" : "gateway"
}

/** Lets the faults that were asked for happen. */
export function applyFaults(world: World): MiddlewareHandler<ServerEnv> {
  return async (context, next) => {
    const path = requestHead(context).target.split("?", 1)[0] ?? "/"
    for (const fault of takeFaults(world.pending, partOf(path), path)) {
      if (fault.kind === "delay") await new Promise((resolve) => setTimeout(resolve, fault.ms))
      if (fault.kind === "drop") return drop(context)
      if (fault.kind === "redirect") return redirect(context, fault.to, fault.status)
      if (fault.kind === "status") throw failure(partOf(path), fault.status, fault.retryAfterSeconds)
    }
    return next()
  }
}

function drop(context: Context<ServerEnv>): Response {
  context.env.incoming.socket.destroy()
  return context.body(null)
}

async function redirect(context: Context<ServerEnv>, to: string, status: number): Promise<Response> {
  // A client that still sends its body would see a broken connection instead of the answer.
  for await (const _ of context.env.incoming);
  return context.body(null, status as ContentfulStatusCode, { location: to })
}

function failure(part: FaultTarget, status: number, retryAfterSeconds: number | undefined): Error {
  const refusal =
    part === "gateway"
      ? gatewayError(
          status,
          status === 429 ? "APIGW.0308" : `APIGW.0${status}`,
          status === 429 ? "The throttling threshold has been reached" : "A fault that was asked for",
        )
      : keystoneError(status, "A fault that was asked for.")
  return retryAfterSeconds === undefined ? refusal : refusal.with({ "retry-after": String(retryAfterSeconds) })
}
