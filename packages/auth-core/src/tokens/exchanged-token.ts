import { withToken } from "../iam/exchange.ts"
import { type IamOptions, iamConnection } from "../iam/iam-connection.ts"
import { checkSource, connectionOf, iamProvider, sourcedKey, withSource } from "../iam/iam-provider.ts"
import { checkSecret, type Secret } from "../iam/secret.ts"
import { agencyTokenRequest, requestFederatedToken, requestToken } from "../iam/token-request.ts"
import {
  checkHeaderText,
  checkName,
  checkNameOrId,
  checkScope,
  type NameOrId,
  namedKey,
  nameIn,
  scopeKey,
  type TokenScope,
} from "../iam/token-scope.ts"
import type { TokenProvider } from "../identity/provider.ts"

export interface AgencyTokenOptions extends IamOptions {
  /** The token of the caller: a user with the Agent Operator permission, such as a partner's. */
  via: TokenProvider
  /** The name of the agency. IAM takes no id here. */
  agency: string
  /** The account that has the agency, such as a customer's: its name, or { id }. */
  domain: NameOrId
  /** The scope of the token. A project name is looked up in `domain`. @default the account that has the agency */
  scope?: TokenScope | undefined
}

/**
 * Tokens to act for another account through an agency (`assume_role`). A partner gets a customer's token this way.
 *
 * If IAM does not accept the token of `via`, `via` is asked for another one, once.
 *
 * @throws {AuthError} `AUTH_INVALID_OPTION` or `AUTH_INSECURE_URL` at once; when asked, as {@link passwordToken} and as
 * `via`.
 * @see IAM API reference, "Obtaining an Agency Token"; Partner Center FAQ on customer tokens
 */
export function agencyToken(options: AgencyTokenOptions): TokenProvider {
  const via = checkSource(options.via, "token")
  const agency = checkName(options.agency, "agency")
  const domain = checkNameOrId(options.domain, "domain")
  const scope = checkScope(options.scope ?? { domain }, domain)
  const connection = iamConnection(options, connectionOf(via))
  const key = sourcedKey(via, "agency-token", connection.endpoint, namedKey(domain), agency, scopeKey(scope))
  const label = `agency ${agency} of ${nameIn(domain)}`
  return iamProvider(connection, { yields: "token", identityKey: key, binding: via.binding, label }, (context) =>
    withSource(via, "token", context, (token) =>
      requestToken(connection, withToken(agencyTokenRequest({ agency, domain, scope }), token), context),
    ),
  )
}

export interface FederatedTokenOptions extends IamOptions {
  /** The name of the identity provider in IAM, sent as X-Idp-Id. */
  idpId: string
  /** An OpenID Connect id token. A function is called at each refresh; `secretFile(path)` reads a file each time. */
  idToken: Secret
  /** The scope of the token. @default none: an unscoped token */
  scope?: TokenScope | undefined
}

/**
 * Tokens for the bearer of an OpenID Connect id token.
 *
 * It has no identity key, since only the id token names the owner. Keep the provider, so that the cache keeps its
 * token.
 *
 * @throws {AuthError} `AUTH_INVALID_OPTION` or `AUTH_INSECURE_URL` at once; when asked, as {@link passwordToken}.
 * @see IAM API reference, "Obtaining a Token with an OpenID Connect ID Token"
 */
export function federatedToken(options: FederatedTokenOptions): TokenProvider {
  const idpId = checkHeaderText(options.idpId, "idpId")
  const idToken = checkSecret(options.idToken, "idToken")
  const scope = options.scope === undefined ? undefined : checkScope(options.scope, undefined)
  const connection = iamConnection(options)
  return iamProvider(connection, { yields: "token", label: `token by identity provider ${idpId}` }, (context) =>
    requestFederatedToken(connection, { idpId, idToken, scope }, context),
  )
}
