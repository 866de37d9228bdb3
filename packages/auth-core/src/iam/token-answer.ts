import { AuthError } from "../errors/auth-error.ts"
import { hideSecrets } from "../identity/hide-secrets.ts"
import type { ProviderContext } from "../identity/provider.ts"
import type { Token } from "../identity/token.ts"
import type { IamConnection } from "./iam-connection.ts"
import type { IamAnswer, IamRequest } from "./iam-request.ts"
import { issuerTime } from "./issuer-time.ts"
import { parseJson, textAt, timeAt } from "./json.ts"

/**
 * Reads a token answer: the token from X-Subject-Token, its times and scope from the body. A token just issued begins now,
 * so it tells the issuer's time even without a Date header.
 *
 * @throws {AuthError} `AUTH_TOKEN_RESPONSE_INVALID` when one of them is missing or makes no sense.
 * @see IAM API reference, "Obtaining a User Token Through Password Authentication"
 */
export function readToken(
  { endpoint, clock }: IamConnection,
  { action }: IamRequest,
  answer: IamAnswer,
  tellIssuerTime: ProviderContext<unknown>["tellIssuerTime"],
): Token {
  const value = answer.headers.get("x-subject-token") ?? ""
  const body = parseJson(answer.text)
  const expiresAt = timeAt(body, "token", "expires_at")
  const issuedAt = timeAt(body, "token", "issued_at") ?? answer.serverTime ?? clock.now()
  const problem = !/^[\x21-\x7e]+$/.test(value)
    ? "no usable X-Subject-Token header"
    : expiresAt === undefined
      ? "no readable token.expires_at"
      : expiresAt <= issuedAt
        ? "a token that ends before it begins"
        : undefined
  if (problem !== undefined || expiresAt === undefined) {
    throw new AuthError(
      "AUTH_TOKEN_RESPONSE_INVALID",
      `${action} failed: the answer of ${endpoint} (HTTP ${answer.status}) has ${problem}. Check that the endpoint is IAM's.`,
      { status: answer.status, endpoint },
    )
  }
  tellIssuerTime?.(issuerTime(answer.serverTime, { issuedAt, expiresAt }) ?? issuedAt)
  const projectId = textAt(body, "token", "project", "id")
  const domainId = textAt(body, "token", "domain", "id") ?? textAt(body, "token", "project", "domain", "id")
  return hideSecrets({
    value,
    issuedAt,
    expiresAt,
    ...(projectId === undefined ? undefined : { projectId }),
    ...(domainId === undefined ? undefined : { domainId }),
  })
}
