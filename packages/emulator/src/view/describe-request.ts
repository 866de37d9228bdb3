import { callerOf } from "../gateway/gateway.ts"
import { schemeOf } from "../incoming-request.ts"
import type { World } from "../state/world.ts"
import { checkOf } from "./check-of.ts"
import { explanationOf } from "./explanation-of.ts"
import type { Mask } from "./mask.ts"
import { maskBody } from "./mask-body.ts"
import type { RecordedExchange, RequestDetail, RequestSummary } from "./record.ts"
import type { RecordedRequest } from "./recorder.ts"
import { verdictOf } from "./verdict-of.ts"

/** A recorded request as a line of the list. */
export function requestSummary(mask: Mask, request: RecordedRequest): RequestSummary {
  const { id, time, part, method, target, headers, trace, answer } = request
  const { principal, projectId, methods, faults, grantEndsAt } = trace
  const verdict = verdictOf(request)
  return {
    id,
    time,
    part,
    method,
    target: mask.target(target),
    client: headers["user-agent"] ?? "",
    scheme: schemeOf(request),
    ...(methods === undefined ? {} : { methods }),
    ...(principal === undefined ? {} : { caller: callerOf({ principal, projectId }) }),
    ...(verdict === undefined ? {} : { verdict: mask.message(verdict) }),
    ...(faults === undefined ? {} : { faults }),
    ...(answer?.status === undefined ? {} : { status: answer.status }),
    ...(answer === undefined ? {} : { durationMs: answer.durationMs }),
    ...(grantEndsAt === undefined ? {} : { grantEndsAt }),
  }
}

/** Everything that is known of a recorded request. */
export function requestDetail(world: World, mask: Mask, request: RecordedRequest): RequestDetail {
  const check = checkOf(world, mask, request)
  const explanation = explanationOf(request, check)
  return { ...requestExchange(mask, request), check, ...(explanation === undefined ? {} : { explanation }) }
}

/** A recorded request and its answer. */
export function requestExchange(mask: Mask, request: RecordedRequest): RecordedExchange {
  const { part, trace, headers, answer } = request
  const { bytes = Number(headers["content-length"] ?? 0), sha256, content } = trace.body ?? {}
  // Requests to IAM hold passwords.
  const text = part === "gateway" ? maskedText(content) : undefined
  return {
    ...requestSummary(mask, request),
    headers: mask.headers(headers),
    body: { bytes, ...(sha256 === undefined ? {} : { sha256 }), ...(text === undefined ? {} : { text }) },
    ...(answer === undefined
      ? {}
      : {
          answer: {
            headers: mask.headers(answer.headers),
            ...(answer.text === undefined ? {} : { text: mask.message(answer.text) }),
          },
        }),
  }
}

function maskedText(content: Uint8Array | undefined): string | undefined {
  if (content === undefined || content.byteLength === 0) return undefined
  try {
    return maskBody(new TextDecoder("utf-8", { fatal: true }).decode(content))
  } catch {
    return undefined
  }
}
