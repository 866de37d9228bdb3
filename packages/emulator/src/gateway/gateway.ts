import type { Context } from "hono"
import { applyFaults } from "../apply-faults.ts"
import { type RequestHead, requestHead, type ServerEnv, schemeOf } from "../incoming-request.ts"
import { GatewayRefusal } from "../refusal.ts"
import type { Authenticated } from "../state/gateway-verifiers.ts"
import type { Caller } from "../state/stats.ts"
import type { World } from "../state/world.ts"
import type { Trace } from "../trace.ts"
import { verifyRequest } from "../verify-request.ts"
import { echo } from "./echo.ts"
import { partnerCenter } from "./partner-center.ts"
import { type GatewayBody, readBody } from "./read-body.ts"
import { refuseAtIotda } from "./refuse-at-iotda.ts"
import { verifyApp } from "./verify-app.ts"

/**
 * Serves every path that is not IAM's: checks the authentication and records it, applies faults, then answers for the
 * service behind.
 */
export async function gateway(world: World, context: Context<ServerEnv>): Promise<Response> {
  const head = requestHead(context)
  const body = await readBody(context.env.incoming)
  const outcome = await authenticate(world, head, body.content).catch(refusalOf)
  if (head.trace !== undefined) noteOutcome(head.trace, body, outcome)
  const answered = world.stats.keep(recordOf(head, body, outcome))
  const answer = (await applyFaults(world, context)) ?? answerOf(world, context, head, body, outcome)
  if (!context.env.incoming.socket.destroyed) answered(answer.status)
  return answer
}

async function authenticate(world: World, head: RequestHead, body: Uint8Array | undefined): Promise<Authenticated> {
  refuseAtIotda(head)
  const byApp = schemeOf(head) === "token" ? undefined : await verifyApp(world, head, body)
  return byApp ?? verifyRequest(world, head, body, "token or signature")
}

function refusalOf(error: unknown): GatewayRefusal {
  if (error instanceof GatewayRefusal) return error
  throw error
}

function noteOutcome(trace: Trace, body: GatewayBody, outcome: Authenticated | GatewayRefusal): void {
  trace.body = body
  if (outcome instanceof GatewayRefusal) trace.refusal = outcome.verdict
  else Object.assign(trace, outcome)
}

function recordOf(head: RequestHead, { bytes, sha256 }: GatewayBody, outcome: Authenticated | GatewayRefusal) {
  const { method, target, headers } = head
  const request = { method, target, headers, body: { bytes, sha256 }, scheme: schemeOf(head) }
  return outcome instanceof GatewayRefusal
    ? { ...request, verdict: outcome.verdict }
    : { ...request, verdict: "ok", caller: callerOf(outcome) }
}

function answerOf(
  world: World,
  context: Context<ServerEnv>,
  head: RequestHead,
  body: GatewayBody,
  outcome: Authenticated | GatewayRefusal,
): Response {
  if (outcome instanceof GatewayRefusal) return outcome.answer(context)
  const service = partnerCenter.find(({ method, path }) => method === head.method && path === head.path)
  const query = new URLSearchParams(head.target.slice(head.path.length))
  const result =
    service === undefined
      ? echo(head, query, body, schemeOf(head), callerOf(outcome))
      : service.answer(world, outcome.principal.account, { query, body })
  return result instanceof GatewayRefusal ? result.answer(context) : context.json(result)
}

/** The caller, by name. */
export function callerOf({ principal: { account, user, assumedBy }, projectId }: Authenticated): Caller {
  return {
    domain: account.domain.name,
    user: user.name,
    ...(assumedBy === undefined ? {} : { assumedBy: assumedBy.user.name }),
    ...(projectId === undefined ? {} : { projectId }),
  }
}
