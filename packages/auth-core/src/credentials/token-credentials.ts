import { exchange, withToken } from "../iam/exchange.ts"
import { IAM_SHAPE, readCredentials } from "../iam/iam-answer.ts"
import { connectionOf, type IamOptions, iamConnection, iamProvider } from "../iam/iam-connection.ts"
import { checkSource, sourceKey, withSource } from "../iam/source-provider.ts"
import { checkTemporaryKeyOptions, type TemporaryKeyOptions, tokenCredentialsRequest } from "../iam/token-request.ts"
import { type CredentialProvider, identityKey, type TokenProvider } from "../identity/provider.ts"

export interface TokenCredentialsOptions extends IamOptions, TemporaryKeyOptions {
  /** The provider of the token: a user's, a federated user's or an agency's. */
  via: TokenProvider
}

/**
 * Temporary access keys of the bearer of a token.
 *
 * If IAM does not accept the token of `via`, `via` is asked for another one, once.
 *
 * @throws {AuthError} `AUTH_INVALID_OPTION` or `AUTH_INSECURE_URL` at once. When asked: the error of `via`,
 * `AUTH_CREDENTIALS_REJECTED`, `AUTH_THROTTLED`, `AUTH_TOKEN_REQUEST_FAILED`, `AUTH_TOKEN_RESPONSE_INVALID`,
 * `AUTH_INVALID_OPTION` when IAM answers 400.
 * @see IAM API reference, "Obtaining a Temporary Access Key and Security Token Through a Token"
 */
export function tokenCredentials(options: TokenCredentialsOptions): CredentialProvider {
  const via = checkSource(options.via, "token")
  const { durationSeconds, policy, longestMs, key: keyOfOptions } = checkTemporaryKeyOptions(options)
  const connection = iamConnection(options, connectionOf(via))
  const caller = sourceKey(via)
  const key =
    caller === undefined ? undefined : identityKey("token-credentials", connection.endpoint, caller, keyOfOptions)
  return iamProvider(connection, { yields: "credentials", identityKey: key, binding: via.binding }, (context) =>
    withSource(via, "token", context, async (token) => {
      const request = withToken(tokenCredentialsRequest({ durationSeconds, policy }), token)
      const answer = await exchange(connection, request, context?.signal)
      return readCredentials(connection, request, answer, IAM_SHAPE, context?.reportIssuerTime, longestMs)
    }),
  )
}
