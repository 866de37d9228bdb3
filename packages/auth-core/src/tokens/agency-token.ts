import { withToken } from "../iam/exchange.ts"
import { connectionOf, type IamOptions, iamConnection, iamProvider } from "../iam/iam-connection.ts"
import { checkSource, sourceKey, withSource } from "../iam/source-provider.ts"
import { agencyTokenRequest, requestToken } from "../iam/token-request.ts"
import {
  checkName,
  checkNameOrId,
  checkScope,
  type NameOrId,
  namedKey,
  nameIn,
  scopeKey,
  type TokenScope,
} from "../iam/token-scope.ts"
import { identityKey, type TokenProvider } from "../identity/provider.ts"

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
  const caller = sourceKey(via)
  const key =
    caller === undefined
      ? undefined
      : identityKey("agency-token", connection.endpoint, caller, namedKey(domain), agency, scopeKey(scope))
  const label = `agency ${agency} of ${nameIn(domain)}`
  return iamProvider(connection, { yields: "token", identityKey: key, binding: via.binding, label }, (context) =>
    withSource(via, "token", context, (token) =>
      requestToken(connection, withToken(agencyTokenRequest({ agency, domain, scope }), token), context),
    ),
  )
}
