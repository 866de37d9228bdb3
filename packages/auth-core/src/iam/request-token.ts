import type { Token } from "../identity/credentials.ts"
import type { ProviderContext } from "../identity/provider.ts"
import { checkBare } from "../runtime/environment.ts"
import { exchange } from "./exchange.ts"
import { readToken } from "./iam-answer.ts"
import type { IamConnection, IamRequest } from "./iam-connection.ts"
import { readSecret, type Secret } from "./secret.ts"
import { federatedTokenRequest } from "./token-request.ts"
import type { TokenScope } from "./token-scope.ts"

/** Sends a request for a token and reads the token in the answer. */
export async function requestToken(
  connection: IamConnection,
  request: IamRequest,
  { signal, reportIssuerTime }: ProviderContext<unknown> = {},
): Promise<Token> {
  return readToken(connection, request, await exchange(connection, request, signal), reportIssuerTime)
}

/** Trades an id token, which is read anew, for an IAM token. */
export async function requestFederatedToken(
  connection: IamConnection,
  { idpId, idToken, scope }: { idpId: string; idToken: Secret; scope?: TokenScope | undefined },
  context: ProviderContext<unknown> = {},
): Promise<Token> {
  const text = (await readSecret(idToken, "idToken", context.signal)).trim()
  const request = federatedTokenRequest({ idpId, idToken: checkBare(text, "The id token"), scope })
  return await requestToken(connection, request, context)
}
