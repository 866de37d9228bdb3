import type { EventEmitter } from "node:events"
import { LONGEST_TIMER_MS } from "@countersign/auth-core/adapter"
import type { Context, MiddlewareHandler } from "hono"
import type { ContentfulStatusCode } from "hono/utils/http-status"
import { requestHead, type ServerEnv } from "./incoming-request.ts"
import { type Part, partOf } from "./part-of.ts"
import { gatewayError, keystoneError, type Refusal } from "./refusal.ts"
import { serviceRefusal } from "./service-refusals.ts"
import { takeFaults } from "./state/faults.ts"
import type { World } from "./state/world.ts"

/** Applies faults before the routes of IAM and of the machine; the gateway checks and records a request first. */
export function faultsBeforeRoutes(world: World): MiddlewareHandler<ServerEnv> {
  // A client that still sends its body would see a broken connection instead of an answer.
  return async (context, next) => (await applyFaults(world, context, () => drained(context))) ?? next()
}

/** Applies the faults that are due for a request, and returns the answer if one of them makes it. */
export async function applyFaults(
  world: World,
  context: Context<ServerEnv>,
  beforeAnswer?: () => Promise<void>,
): Promise<Response | undefined> {
  const { path, trace } = requestHead(context)
  const part = partOf(path)
  for (const fault of takeFaults(world.pending, part, path)) {
    if (trace !== undefined) trace.faults = [...(trace.faults ?? []), fault.kind]
    if (fault.kind === "delay") await pause(fault.ms, context.env.outgoing)
    else if (fault.kind === "drop") {
      context.env.incoming.socket.destroy()
      return context.body(null)
    } else {
      await beforeAnswer?.()
      if (fault.kind === "redirect")
        return context.body(null, fault.status as ContentfulStatusCode, { location: fault.to })
      if (fault.kind === "service") return serviceRefusal(fault.service).answer(context)
      return failure(part, fault.status, fault.retryAfterSeconds).answer(context)
    }
  }
  return undefined
}

/** Ends early when the client goes away, or the server closes. */
function pause(ms: number, answer: EventEmitter): Promise<void> {
  return new Promise((resolve) => {
    const end = (): void => {
      clearTimeout(timer)
      answer.off("close", end)
      resolve()
    }
    const timer = setTimeout(end, Math.min(ms, LONGEST_TIMER_MS))
    answer.once("close", end)
  })
}

async function drained(context: Context<ServerEnv>): Promise<void> {
  for await (const _ of context.env.incoming);
}

function failure(part: Part, status: number, retryAfterSeconds: number | undefined): Refusal {
  const refusal =
    part === "gateway"
      ? gatewayError(status, status === 429 ? "APIGW.0308" : "APIGW.0999", messageOf(status))
      : keystoneError(status, messageOf(status))
  return retryAfterSeconds === undefined ? refusal : refusal.with({ "retry-after": String(retryAfterSeconds) })
}

/** @see API Signing Guide, "Error Codes", for the text of throttling */
function messageOf(status: number): string {
  return status === 429 ? "The throttling threshold has been reached: policy user over ratelimit" : "A requested fault."
}
