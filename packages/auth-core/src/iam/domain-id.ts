import { AuthError, isAuthError } from "../errors/auth-error.ts"
import type { Credentials } from "../identity/credentials.ts"
import type { Token } from "../identity/token.ts"
import { authenticatedExchange } from "./authenticated-exchange.ts"
import { callerIdentity } from "./caller-identity.ts"
import { environmentVariable } from "./environment.ts"
import { type IamOptions, iamConnection, type StsOptions } from "./iam-connection.ts"
import { memberAt, parseJson, textAt } from "./json.ts"

export interface FindDomainIdOptions extends IamOptions, Pick<StsOptions, "stsEndpoint"> {
  /** Ends the lookup. */
  signal?: AbortSignal | undefined
}

/**
 * Looks up the id of the account (domain) to which a token's user or an access key belongs. Keeps nothing.
 *
 * When IAM names none, or the user may not ask, STS is asked about an access key, provided its endpoint is known by
 * `stsEndpoint`, `region` or HUAWEICLOUD_SDK_STS_ENDPOINT.
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
    advice: { 403: "Give the domain's id yourself, or let the user list domains." },
  }
  const answer = await authenticatedExchange(connection, request, authentication, options.signal)
  const domains = memberAt(parseJson(answer.text), "domains")
  const ids = Array.isArray(domains)
    ? domains.map((domain: unknown) => textAt(domain, "id")).filter((id) => id !== undefined)
    : []
  const [id, ...others] = ids
  if (id !== undefined && others.length === 0) return id
  const found = id === undefined ? "IAM names none" : `IAM names several: ${ids.join(", ")}`
  throw new AuthError("AUTH_INVALID_OPTION", `${request.action} failed: ${found}. Give the domain's id yourself.`, {
    status: answer.status,
    endpoint: connection.endpoint,
  })
}
