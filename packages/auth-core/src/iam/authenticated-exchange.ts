import type { Credentials } from "../identity/credentials.ts"
import type { Token } from "../identity/token.ts"
import { exchange } from "./exchange.ts"
import type { IamConnection } from "./iam-connection.ts"
import type { IamAnswer, IamRequest } from "./iam-request.ts"
import { signedExchange } from "./signed-exchange.ts"
import { withToken } from "./with-token.ts"

/** One round trip in the name of a token, or signed with AK/SK, that must succeed. */
export async function authenticatedExchange(
  connection: IamConnection,
  request: IamRequest,
  authentication: Token | Credentials,
  signal: AbortSignal | undefined,
): Promise<IamAnswer> {
  return "value" in authentication
    ? await exchange(connection, withToken(request, authentication), signal)
    : await signedExchange(connection, request, authentication, signal)
}
