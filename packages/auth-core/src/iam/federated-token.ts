import type { Token } from "../identity/credentials.ts"
import type { ProviderContext } from "../identity/provider.ts"
import { checkBare } from "../runtime/environment.ts"
import { exchange } from "./exchange.ts"
import { readToken } from "./iam-answer.ts"
import type { IamConnection } from "./iam-connection.ts"
import { readSecret, type Secret } from "./secret.ts"
import { federatedTokenRequest } from "./token-request.ts"
import type { TokenScope } from "./token-scope.ts"

/** Trades an id token, read anew, for an IAM token. */
export async function requestFederatedToken(
  connection: IamConnection,
  { idpId, idToken, scope }: { idpId: string; idToken: Secret; scope?: TokenScope | undefined },
  { signal, reportIssuerTime }: ProviderContext<unknown> = {},
): Promise<Token> {
  const request = federatedTokenRequest({
    idpId,
    idToken: checkBare((await readSecret(idToken, "idToken", signal)).trim(), "The id token"),
    scope,
  })
  return readToken(connection, request, await exchange(connection, request, signal), reportIssuerTime)
}
