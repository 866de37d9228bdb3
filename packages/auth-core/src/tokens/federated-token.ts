import { type IamOptions, iamConnection, iamProvider } from "../iam/iam-connection.ts"
import { requestFederatedToken } from "../iam/request-token.ts"
import { checkSecret, type Secret } from "../iam/secret.ts"
import { checkHeaderText, checkScope, type TokenScope } from "../iam/token-scope.ts"
import type { TokenProvider } from "../identity/provider.ts"

export interface FederatedTokenOptions extends IamOptions {
  /** Name of the identity provider in IAM; goes as X-Idp-Id. */
  idpId: string
  /** An OpenID Connect id token. A function is asked at each refresh: `secretFile(path)` reads a file anew. */
  idToken: Secret
  /** What the token is for. @default none: an unscoped token */
  scope?: TokenScope | undefined
}

/**
 * Tokens for the bearer of an OpenID Connect id token.
 *
 * It has no identity key, since only the id token says whose it is: keep the provider, so that its token is kept.
 *
 * @throws {AuthError} `AUTH_INVALID_OPTION` or `AUTH_INSECURE_URL` at once; when asked, as {@link passwordToken}.
 * @see IAM API reference, "Obtaining a Token with an OpenID Connect ID Token"
 */
export function federatedToken(options: FederatedTokenOptions): TokenProvider {
  const idpId = checkHeaderText(options.idpId, "idpId")
  const idToken = checkSecret(options.idToken, "idToken")
  const scope = options.scope === undefined ? undefined : checkScope(options.scope, undefined)
  const connection = iamConnection(options)
  return iamProvider(connection, { yields: "token" }, (context) =>
    requestFederatedToken(connection, { idpId, idToken, scope }, context),
  )
}
