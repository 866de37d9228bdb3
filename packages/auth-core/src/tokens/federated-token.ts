import { type IamOptions, iamConnection, iamProvider } from "../iam/iam-connection.ts"
import { checkSecret, type Secret } from "../iam/secret.ts"
import { requestFederatedToken } from "../iam/token-request.ts"
import { checkHeaderText, checkScope, type TokenScope } from "../iam/token-scope.ts"
import type { TokenProvider } from "../identity/provider.ts"

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
