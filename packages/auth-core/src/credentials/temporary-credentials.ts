import { invalidOption } from "../errors/auth-error.ts"
import { authenticatedExchange, exchange, withToken } from "../iam/exchange.ts"
import { IAM_SHAPE, readCredentials } from "../iam/iam-answer.ts"
import { type IamOptions, iamConnection, reachedBy } from "../iam/iam-connection.ts"
import { checkSource, connectionOf, iamProvider, sourcedKey, withSource } from "../iam/iam-provider.ts"
import { checkSecret, type Secret } from "../iam/secret.ts"
import {
  agencyCredentialsRequest,
  checkTemporaryKeyOptions,
  requestFederatedToken,
  type TemporaryKeyOptions,
  tokenCredentialsRequest,
} from "../iam/token-request.ts"
import { checkHeaderText, checkName, checkNameOrId, type NameOrId, namedKey, nameIn } from "../iam/token-scope.ts"
import type { Credentials, Token } from "../identity/credentials.ts"
import type { CredentialProvider, Provider, TokenProvider } from "../identity/provider.ts"

export interface AgencyCredentialsOptions extends IamOptions, TemporaryKeyOptions {
  /** The caller, by token or by AK/SK: a user with the Agent Operator permission, such as a partner's. */
  via: TokenProvider | CredentialProvider
  /** The name of the agency. IAM takes no id here. */
  agency: string
  /** The account that has the agency, such as a customer's: its name, or { id }. */
  domain: NameOrId
  /** The acting user, for the audit log: 1 to 32 letters, digits, spaces and `-_.`, starting with a letter. */
  sessionUser?: string | undefined
}

/**
 * Temporary access keys to act for another account through an agency (`assume_role`).
 *
 * If IAM does not accept the value of `via`, `via` is asked for another one, once.
 *
 * @throws {AuthError} `AUTH_INVALID_OPTION` or `AUTH_INSECURE_URL` at once; when asked, as {@link tokenCredentials}.
 * @see IAM API reference, "Obtaining a Temporary Access Key and Security Token Through an Agency"
 */
export function agencyCredentials(options: AgencyCredentialsOptions): CredentialProvider {
  // The cast is sound, since a provider is only asked to replace its own values.
  const via = checkSource(options.via as Provider<Token | Credentials>, undefined)
  const agency = checkName(options.agency, "agency")
  const domain = checkNameOrId(options.domain, "domain")
  const { sessionUser } = options
  if (sessionUser !== undefined && !/^[A-Za-z][A-Za-z0-9 _.-]{0,31}$/.test(sessionUser)) {
    throw invalidOption("`sessionUser` must be 1 to 32 letters, digits, spaces and -_., starting with a letter.")
  }
  const { durationSeconds, policy, longestMs, key: keyOfOptions } = checkTemporaryKeyOptions(options)
  const connection = iamConnection(options, connectionOf(via))
  const parts = [namedKey(domain), agency, sessionUser, keyOfOptions]
  const key = sourcedKey(via, "agency-credentials", connection.endpoint, ...parts)
  const label = `agency ${agency} of ${nameIn(domain)}`
  return iamProvider(connection, { yields: "credentials", identityKey: key, binding: via.binding, label }, (context) =>
    withSource(via, undefined, context, async (authentication) => {
      const request = agencyCredentialsRequest({ agency, domain, sessionUser, durationSeconds, policy })
      const answer = await authenticatedExchange(connection, request, authentication, context?.signal)
      return readCredentials(connection, request, answer, IAM_SHAPE, context?.reportIssuerTime, longestMs)
    }),
  )
}

export interface TokenCredentialsOptions extends IamOptions, TemporaryKeyOptions {
  /** The caller, by token or by AK/SK: a user, a federated user or an agency. */
  via: TokenProvider | CredentialProvider
}

/**
 * Temporary access keys of the bearer of a token, or of the owner of an access key. With an access key the call is signed.
 *
 * If IAM does not accept the value of `via`, `via` is asked for another one, once.
 *
 * @throws {AuthError} `AUTH_INVALID_OPTION` or `AUTH_INSECURE_URL` at once. When asked: the error of `via`,
 * `AUTH_CREDENTIALS_REJECTED`, `AUTH_THROTTLED`, `AUTH_TOKEN_REQUEST_FAILED`, `AUTH_TOKEN_RESPONSE_INVALID`,
 * `AUTH_INVALID_OPTION` when IAM answers 400.
 * @see IAM API reference, "Obtaining a Temporary Access Key and Security Token Through a Token"
 */
export function tokenCredentials(options: TokenCredentialsOptions): CredentialProvider {
  // The cast is sound, since a provider is only asked to replace its own values.
  const via = checkSource(options.via as Provider<Token | Credentials>, undefined)
  const { durationSeconds, policy, longestMs, key: keyOfOptions } = checkTemporaryKeyOptions(options)
  const connection = iamConnection(options, connectionOf(via))
  const key = sourcedKey(via, "token-credentials", connection.endpoint, keyOfOptions)
  const label = via.label === undefined ? undefined : `temporary key by ${via.label}`
  return iamProvider(connection, { yields: "credentials", identityKey: key, binding: via.binding, label }, (context) =>
    withSource(via, undefined, context, async (authentication) => {
      const request = tokenCredentialsRequest({ durationSeconds, policy })
      const answer = await authenticatedExchange(connection, request, authentication, context?.signal)
      return readCredentials(connection, request, answer, IAM_SHAPE, context?.reportIssuerTime, longestMs)
    }),
  )
}

export interface FederatedCredentialsOptions extends IamOptions, TemporaryKeyOptions {
  /** The name of the identity provider in IAM, sent as X-Idp-Id. */
  idpId: string
  /** An OpenID Connect id token. A function is called at each refresh; `secretFile(path)` reads a file each time. */
  idToken: Secret
  /** The lifetime of the key, from 900 to 86400 seconds. @default 21600, as in the official SDKs */
  durationSeconds?: number | undefined
}

/**
 * Temporary access keys for the bearer of an OpenID Connect id token. This takes two calls: the first trades the id
 * token for an unscoped IAM token.
 *
 * It has no identity key, since only the id token names the owner. Keep the provider, so that the cache keeps its key.
 *
 * @throws {AuthError} `AUTH_INVALID_OPTION` or `AUTH_INSECURE_URL` at once; when asked, as {@link tokenCredentials}.
 * @see IAM API reference, "Obtaining a Token with an OpenID Connect ID Token"
 */
export function federatedCredentials({
  durationSeconds = 21_600,
  ...options
}: FederatedCredentialsOptions): CredentialProvider {
  const idpId = checkHeaderText(options.idpId, "idpId")
  const idToken = checkSecret(options.idToken, "idToken")
  const { policy, longestMs } = checkTemporaryKeyOptions({ ...options, durationSeconds })
  const connection = iamConnection(options)
  const provider = iamProvider<Credentials>(
    connection,
    { yields: "credentials", label: `temporary key by identity provider ${idpId}` },
    async (context) => {
      const reached = context?.iam === undefined ? connection : iamConnection(reachedBy(options, context.iam))
      const token = await requestFederatedToken(reached, { idpId, idToken }, { signal: context?.signal })
      const request = withToken(tokenCredentialsRequest({ durationSeconds, policy }), token)
      const answer = await exchange(reached, request, context?.signal)
      return readCredentials(reached, request, answer, IAM_SHAPE, context?.reportIssuerTime, longestMs)
    },
  )
  return Object.assign(provider, { heedsIamReach: true })
}
