import { AuthError } from "../errors/auth-error.ts"
import type { SigningAlgorithm } from "./algorithm.ts"
import type { SignableRequest, SignRequestOptions } from "./canonical-request.ts"
import type { SettledRequest } from "./canonicalize.ts"
import { checkBody } from "./check-body.ts"
import { parseSdkDate } from "./parse-sdk-date.ts"
import { UNSIGNED_PAYLOAD } from "./payload.ts"
import { payloadHash } from "./payload-hash.ts"
import type { HeaderPlan } from "./signed-headers.ts"

/**
 * Finds what the options leave open: the time, the payload hash, the headers to sign.
 *
 * @param planOf which headers are signed, by those that the options name
 * @throws {AuthError} `AUTH_INVALID_REQUEST`, `AUTH_INVALID_OPTION`, `AUTH_BODY_TOO_LARGE`, `AUTH_BODY_UNSIGNABLE`
 */
export function settledRequest(
  { method, url, headers, body }: SignableRequest,
  algorithm: SigningAlgorithm,
  planOf: (chosen: readonly string[] | undefined) => HeaderPlan,
  { date, signedHeaders, payloadHash: known }: SignRequestOptions,
): SettledRequest {
  const plan = planOf(signedHeaders)
  const values = plan.selection.read(headers)
  const signedAt = timeOf(date, values[plan.date])
  if (known === UNSIGNED_PAYLOAD) values[plan.contentHash] = UNSIGNED_PAYLOAD
  const payload = values[plan.contentHash] ?? hashOf(body, known, algorithm)
  return { method, url, plan, values, signedAt, payload }
}

/** Epoch ms. */
function timeOf(date: Date | undefined, header: string | undefined): number {
  if (date !== undefined) return date instanceof Date ? date.getTime() : Number.NaN
  if (header === undefined) return Date.now()
  const time = parseSdkDate(header)
  if (time !== undefined) return time
  throw new AuthError("AUTH_INVALID_REQUEST", "The header x-sdk-date must be a UTC time such as 20191115T033655Z.")
}

const HASH = /^[\da-f]{64}$/

function hashOf(body: SignableRequest["body"], known: string | undefined, algorithm: SigningAlgorithm): string {
  if (known === undefined) return payloadHash(body, algorithm)
  if (!HASH.test(known)) {
    throw new AuthError(
      "AUTH_INVALID_OPTION",
      "`payloadHash` must be a hash of 64 lower-case hex digits, or UNSIGNED-PAYLOAD.",
    )
  }
  if (body !== undefined && body !== null) checkBody(body)
  return known
}
