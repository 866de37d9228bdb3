import { AuthError } from "../errors/auth-error.ts"
import type { Credentials, Token } from "../identity/credentials.ts"
import type { ProviderContext } from "../identity/provider.ts"
import { redactCredential } from "../identity/secret.ts"
import { isHeaderText } from "../runtime/http.ts"
import { parseJson, textAt } from "../runtime/read-answer.ts"
import type { IamAnswer, IamRequest } from "./exchange.ts"
import type { IamConnection } from "./iam-connection.ts"

/**
 * Reads an answer with a token: the token from X-Subject-Token, its times and scope from the body. A new token begins
 * now, so its issue time is the issuer's time even without a Date header.
 *
 * @throws {AuthError} `AUTH_TOKEN_RESPONSE_INVALID` when one of them is missing or invalid.
 * @see IAM API reference, "Obtaining a User Token Through Password Authentication"
 */
export function readToken(
  { endpoint, clock }: IamConnection,
  { action }: IamRequest,
  answer: IamAnswer,
  reportIssuerTime: ProviderContext<unknown>["reportIssuerTime"],
): Token {
  const value = answer.headers.get("x-subject-token") ?? ""
  const body = parseJson(answer.text)
  const expiresAt = timeAt(body, "token", "expires_at")
  const issuedAt = timeAt(body, "token", "issued_at") ?? answer.serverTime ?? clock.now()
  const problem = !isHeaderText(value)
    ? "no usable X-Subject-Token header"
    : expiresAt === undefined
      ? "no readable token.expires_at"
      : expiresAt <= issuedAt
        ? "a token that ends before it begins"
        : undefined
  if (problem !== undefined || expiresAt === undefined) {
    throw new AuthError(
      "AUTH_TOKEN_RESPONSE_INVALID",
      `${action} failed: the answer of ${endpoint} (HTTP ${answer.status}) has ${problem}. Check that the endpoint belongs to IAM.`,
      { status: answer.status, endpoint },
    )
  }
  reportIssuerTime?.(issuerTime(answer.serverTime, { issuedAt, expiresAt }) ?? issuedAt)
  const projectId = textAt(body, "token", "project", "id")
  const domainId = textAt(body, "token", "domain", "id") ?? textAt(body, "token", "project", "domain", "id")
  return redactCredential({
    value,
    issuedAt,
    expiresAt,
    ...(projectId === undefined ? undefined : { projectId }),
    ...(domainId === undefined ? undefined : { domainId }),
  })
}

/** The names that one service gives to the parts of a temporary access key. */
export interface CredentialsShape {
  readonly member: string
  readonly accessKeyId: string
  readonly secretAccessKey: string
  readonly securityToken: string
  readonly expiresAt: string
}

/** IAM and the metadata service. */
export const IAM_SHAPE: CredentialsShape = {
  member: "credential",
  accessKeyId: "access",
  secretAccessKey: "secret",
  securityToken: "securitytoken",
  expiresAt: "expires_at",
}

/** STS, version 5. */
export const STS_SHAPE: CredentialsShape = {
  member: "credentials",
  accessKeyId: "access_key_id",
  secretAccessKey: "secret_access_key",
  securityToken: "security_token",
  expiresAt: "expiration",
}

/** Pod identity of CCE. */
export const POD_SHAPE: CredentialsShape = {
  member: "credentials",
  accessKeyId: "accessKeyId",
  secretAccessKey: "secretAccessKey",
  securityToken: "securityToken",
  expiresAt: "expiration",
}

/**
 * Reads a temporary access key.
 *
 * @param longestMs the requested lifetime, if any
 * @throws {AuthError} `AUTH_TOKEN_RESPONSE_INVALID` when a part is missing.
 */
export function readCredentials(
  { endpoint, isNamed }: IamConnection,
  { action }: IamRequest,
  answer: IamAnswer,
  shape: CredentialsShape,
  reportIssuerTime: ProviderContext<unknown>["reportIssuerTime"],
  longestMs = Number.POSITIVE_INFINITY,
): Credentials {
  const body = parseJson(answer.text)
  const part = <T>(read: (body: unknown, ...path: string[]) => T | undefined, name: string): T => {
    const value = read(body, shape.member, name)
    if (value !== undefined) return value
    throw new AuthError(
      "AUTH_TOKEN_RESPONSE_INVALID",
      `${action} failed: the answer of ${endpoint} (HTTP ${answer.status}) has no readable ${shape.member}.${name}. Check the endpoint.`,
      { status: answer.status, endpoint },
    )
  }
  const credentials = redactCredential({
    accessKeyId: part(textAt, shape.accessKeyId),
    secretAccessKey: part(textAt, shape.secretAccessKey),
    securityToken: part(textAt, shape.securityToken),
    expiresAt: part(timeAt, shape.expiresAt),
    ...(isNamed ? { iamEndpoint: endpoint } : undefined),
  })
  const { expiresAt } = credentials
  const now = issuerTime(answer.serverTime, { issuedAt: expiresAt - longestMs, expiresAt })
  if (now !== undefined) reportIssuerTime?.(now)
  return credentials
}

/** How far the Date header and the times in a body may differ, since they may come from two machines. */
const TOLERANCE_MS = 5 * 60_000

/**
 * The time of the issuer's clock, epoch ms: the Date header, if it falls into the lifetime of the issued value.
 * Otherwise it may be the clock of a server in between.
 */
function issuerTime(
  serverTime: number | undefined,
  { issuedAt, expiresAt }: { issuedAt: number; expiresAt: number },
): number | undefined {
  if (serverTime === undefined || serverTime < issuedAt - TOLERANCE_MS || serverTime >= expiresAt) return undefined
  return Math.max(serverTime, issuedAt)
}

/** The instant at a path of a parsed body, epoch ms. IAM writes UTC with six decimals; three of them count here. */
export function timeAt(body: unknown, ...path: ReadonlyArray<string | number>): number | undefined {
  const parts = /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(\.\d{1,3})?\d*(Z|[+-]\d\d:\d\d)?$/.exec(textAt(body, ...path) ?? "")
  if (parts === null) return undefined
  const [, seconds, fraction = "", zone = "Z"] = parts
  const time = Date.parse(`${seconds}${fraction}${zone}`)
  return Number.isNaN(time) ? undefined : time
}
