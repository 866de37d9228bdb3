import type { Context } from "hono"
import { Refusal } from "../answers.ts"
import { requestHead, type ServerEnv } from "../incoming-request.ts"
import type { GatewayRequest } from "../state/stats.ts"
import type { World } from "../state/world.ts"
import { type Authenticated, authenticate, schemeOf } from "./authenticate.ts"
import { partnerCenterRoutes } from "./partner-center.ts"
import { type GatewayBody, readBody } from "./read-body.ts"

/** Up to so many bytes of a text body are echoed. */
const MOST_ECHOED = 4_096

/** Every path that is none of IAM's: checks the authentication, then answers for the service behind. */
export async function gateway(world: World, context: Context<ServerEnv>): Promise<Response> {
  const head = requestHead(context)
  world.stats.count("gateway", false)
  const body = await readBody(context.env.incoming)
  const keep = (verdict: string, status: number): void => {
    const { method, target, headers } = head
    const request: GatewayRequest = {
      method,
      target,
      headers,
      body: { bytes: body.bytes, sha256: body.sha256 },
      scheme: schemeOf(head),
      verdict,
      status,
    }
    world.stats.keep(request)
  }
  try {
    const caller = await authenticate(world, head, body)
    keep("ok", 200)
    return context.json(answerOf(world, context, caller, body))
  } catch (error) {
    if (error instanceof Refusal) keep(String(Reflect.get(error.body, "error_msg")), error.status)
    throw error
  }
}

function answerOf(world: World, context: Context<ServerEnv>, caller: Authenticated, body: GatewayBody): object {
  const { method, target, headers } = requestHead(context)
  const path = target.split("?", 1)[0] ?? ""
  const route = partnerCenterRoutes.find((one) => one.method === method && one.path === path)
  if (route !== undefined) return route.answer(world, caller.principal.account)
  const { principal, scheme, projectId } = caller
  const { authorization: _, "x-auth-token": __, "x-security-token": ___, ...shown } = headers
  return {
    method,
    target,
    path,
    query: context.req.queries(),
    headers: shown,
    body: { bytes: body.bytes, sha256: body.sha256, text: textOf(body) },
    caller: {
      scheme,
      domain: principal.account.domain.name,
      user: principal.user.name,
      ...(principal.assumedBy === undefined ? {} : { assumedBy: principal.assumedBy.user.name }),
      ...(projectId === undefined ? {} : { projectId }),
    },
  }
}

function textOf({ content }: GatewayBody): string | undefined {
  if (content === undefined || content.byteLength > MOST_ECHOED) return undefined
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(content)
  } catch {
    return undefined
  }
}
