import { AuthError } from "../errors/auth-error.ts"
import type { Credentials } from "../identity/credentials.ts"
import { type StsOptions, stsConnection } from "./iam-connection.ts"
import { parseJson, textAt } from "./json.ts"
import { signedExchange } from "./signed-exchange.ts"

/** Whose an access key is. */
export interface CallerIdentity {
  /** Id of the account (domain). */
  accountId: string
  principalUrn: string
  principalId: string
}

/**
 * Asks STS whose an access key is.
 *
 * @throws {AuthError} `AUTH_INVALID_OPTION` or `AUTH_INSECURE_URL` for the endpoint; else as {@link tokenCredentials}.
 * @see IAM API reference (new), GetCallerIdentity
 */
export async function callerIdentity(
  { signal, ...options }: StsOptions & { signal?: AbortSignal | undefined },
  credentials: Credentials,
): Promise<CallerIdentity> {
  const connection = stsConnection(options)
  const request = {
    method: "GET" as const,
    path: "/v5/caller-identity",
    secrets: [],
    action: "Asking STS whose the access key is",
  }
  const answer = await signedExchange(connection, request, credentials, signal)
  const body = parseJson(answer.text)
  const accountId = textAt(body, "account_id")
  const principalUrn = textAt(body, "principal_urn")
  const principalId = textAt(body, "principal_id")
  if (accountId !== undefined && principalUrn !== undefined && principalId !== undefined) {
    return { accountId, principalUrn, principalId }
  }
  throw new AuthError(
    "AUTH_TOKEN_RESPONSE_INVALID",
    `${request.action} failed: the answer of ${connection.endpoint} names no account and principal. Check that the endpoint is that of STS.`,
    { status: answer.status, endpoint: connection.endpoint },
  )
}
