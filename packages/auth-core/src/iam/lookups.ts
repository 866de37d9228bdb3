import { AuthError, isAuthError } from "../errors/auth-error.ts"
import type { Credentials, Token } from "../identity/credentials.ts"
import { environmentVariable } from "../runtime/environment.ts"
import { listAt, memberAt, parseJson, textAt } from "../runtime/read-answer.ts"
import { authenticatedExchange, signedExchange } from "./exchange.ts"
import { type IamOptions, iamConnection, type StsOptions, stsConnection } from "./iam-connection.ts"
import { checkName } from "./token-scope.ts"

/** The owner of an access key. */
export interface CallerIdentity {
  /** The id of the account (domain). */
  accountId: string
  /** The URN of the user, or of the agency and its session. */
  principalUrn: string
  /** The id of the user; for an agency, with the name of the session. */
  principalId: string
}

/**
 * Asks STS for the owner of an access key.
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
    action: "Asking STS for the owner of the access key",
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
    `${request.action} failed: the answer of ${connection.endpoint} names no account and principal. Check that the endpoint belongs to STS.`,
    { status: answer.status, endpoint: connection.endpoint },
  )
}

export interface FindDomainIdOptions extends IamOptions, Pick<StsOptions, "stsEndpoint"> {
  /** Ends the lookup. */
  signal?: AbortSignal | undefined
}

/**
 * Looks up the id of the account (domain) of a token's user or of an access key. Nothing is cached.
 *
 * If IAM names none, or the user may not ask, STS is asked about an access key, provided that `stsEndpoint`, `region`
 * or HUAWEICLOUD_SDK_STS_ENDPOINT is set.
 *
 * @throws {AuthError} `AUTH_INVALID_OPTION` when there is none, or several, which the message lists; else as
 * {@link passwordToken}.
 * @see IAM API reference, "Querying the List of Domains Accessible to Users"
 */
export async function findDomainId(options: FindDomainIdOptions, authentication: Token | Credentials): Promise<string> {
  try {
    return await fromIam(options, authentication)
  } catch (error) {
    const isDeadEnd = isAuthError(error) && (error.status === 200 || error.status === 403)
    const isStsKnown = [options.stsEndpoint, options.region, environmentVariable("HUAWEICLOUD_SDK_STS_ENDPOINT")].some(
      Boolean,
    )
    if (!isDeadEnd || !isStsKnown || "value" in authentication) throw error
    return (await callerIdentity(options, authentication)).accountId
  }
}

async function fromIam(options: FindDomainIdOptions, authentication: Token | Credentials): Promise<string> {
  const connection = iamConnection(options)
  const request = {
    method: "GET" as const,
    path: "/v3/auth/domains",
    secrets: [],
    action: "Looking up the account (domain) of the caller",
    advice: { 403: "Pass the id of the domain, or let the user list domains." },
  }
  const answer = await authenticatedExchange(connection, request, authentication, options.signal)
  return onlyId(listAt(parseJson(answer.text), "domains"), (ids) => {
    const found = ids.length === 0 ? "IAM names none" : `IAM names several: ${ids.join(", ")}`
    return new AuthError("AUTH_INVALID_OPTION", `${request.action} failed: ${found}. Pass the id of the domain.`, {
      status: answer.status,
      endpoint: connection.endpoint,
    })
  })
}

/** The id of the only one in a list. */
function onlyId(listed: readonly unknown[], otherwise: (ids: readonly string[]) => AuthError): string {
  const ids = listed.flatMap((one) => textAt(one, "id") ?? [])
  const [id] = ids
  if (id === undefined || ids.length > 1) throw otherwise(ids)
  return id
}

export interface FindProjectIdOptions extends IamOptions {
  /**
   * The name of the project. A region's main project has the id of the region as its name, such as `ap-southeast-1`.
   */
  name: string
  /** Ends the lookup. */
  signal?: AbortSignal | undefined
}

/**
 * Looks up the id of a project by its name, among those that the token or the access key can see. Nothing is cached.
 *
 * @throws {AuthError} `AUTH_INVALID_OPTION` when no project, or more than one, has that name; else as
 * {@link passwordToken}.
 * @see IAM API reference, "Querying Project Information Based on the Specified Criteria"
 */
export async function findProjectId(
  options: FindProjectIdOptions,
  authentication: Token | Credentials,
): Promise<string> {
  const name = checkName(options.name, "name")
  const connection = iamConnection(options)
  const request = {
    method: "GET" as const,
    path: `/v3/projects?name=${encodeURIComponent(name)}`,
    secrets: [],
    action: `Looking up the project "${name}"`,
    advice: { 403: "Pass the id of the project, or let the user list projects." },
  }
  const answer = await authenticatedExchange(connection, request, authentication, options.signal)
  const details = { status: answer.status, endpoint: connection.endpoint }
  const projects = memberAt(parseJson(answer.text), "projects")
  if (!Array.isArray(projects)) {
    throw new AuthError(
      "AUTH_TOKEN_RESPONSE_INVALID",
      `${request.action} failed: the answer of ${connection.endpoint} lists no projects. Check that the endpoint belongs to IAM.`,
      details,
    )
  }
  return onlyId(projects, (ids) => {
    const found = ids.length === 0 ? "none of that name is visible" : `several have that name: ${ids.join(", ")}`
    const message = `${request.action} failed: ${found}. Pass the id of the project.`
    return new AuthError("AUTH_INVALID_OPTION", message, details)
  })
}
