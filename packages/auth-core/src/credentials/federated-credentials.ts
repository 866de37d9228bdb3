import { exchange, withToken } from "../iam/exchange.ts"
import { IAM_SHAPE, readCredentials } from "../iam/iam-answer.ts"
import { type IamOptions, iamConnection, iamProvider, reachedBy } from "../iam/iam-connection.ts"
import { checkSecret, type Secret } from "../iam/secret.ts"
import {
  checkTemporaryKeyOptions,
  requestFederatedToken,
  type TemporaryKeyOptions,
  tokenCredentialsRequest,
} from "../iam/token-request.ts"
import { checkHeaderText } from "../iam/token-scope.ts"
import type { Credentials } from "../identity/credentials.ts"
import type { CredentialProvider } from "../identity/provider.ts"

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
