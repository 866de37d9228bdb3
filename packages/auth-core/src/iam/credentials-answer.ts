import { AuthError } from "../errors/auth-error.ts"
import type { Credentials } from "../identity/credentials.ts"
import { hideSecrets } from "../identity/hide-secrets.ts"
import type { ProviderContext } from "../identity/provider.ts"
import type { IamConnection } from "./iam-connection.ts"
import type { IamAnswer, IamRequest } from "./iam-request.ts"
import { issuerTime } from "./issuer-time.ts"
import { parseJson, textAt, timeAt } from "./json.ts"

/** How one service spells the parts of a temporary access key. */
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
 * Reads a temporary access key. `longestMs` is the life that was asked for, where there is one.
 *
 * @throws {AuthError} `AUTH_TOKEN_RESPONSE_INVALID` when a part is missing.
 */
export function readCredentials(
  { endpoint, isNamed }: IamConnection,
  { action }: IamRequest,
  answer: IamAnswer,
  shape: CredentialsShape,
  tellIssuerTime: ProviderContext<unknown>["tellIssuerTime"],
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
  const credentials = hideSecrets({
    accessKeyId: part(textAt, shape.accessKeyId),
    secretAccessKey: part(textAt, shape.secretAccessKey),
    securityToken: part(textAt, shape.securityToken),
    expiresAt: part(timeAt, shape.expiresAt),
    ...(isNamed ? { iamEndpoint: endpoint } : undefined),
  })
  const { expiresAt } = credentials
  const now = issuerTime(answer.serverTime, { issuedAt: expiresAt - longestMs, expiresAt })
  if (now !== undefined) tellIssuerTime?.(now)
  return credentials
}
