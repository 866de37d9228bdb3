import type { Credentials, Token } from "../identity/credentials.ts"
import { serverTimeIn } from "../signing/server-time.ts"
import { sign } from "../signing/signer.ts"
import { exchange, roundTrip, withToken } from "./exchange.ts"
import type { IamConnection } from "./iam-connection.ts"
import { type IamAnswer, type IamRequest, payloadOf } from "./iam-request.ts"
import { rejectionError } from "./rejection-error.ts"

/**
 * One round trip signed with AK/SK that must succeed. When the signature counts as expired, the local clock is off: signs
 * once more, at the server's time.
 *
 * @throws {AuthError} as {@link exchange} does.
 */
export async function signedExchange(
  connection: IamConnection,
  request: IamRequest,
  credentials: Credentials,
  signal: AbortSignal | undefined,
): Promise<IamAnswer> {
  const signedAt = connection.clock.now()
  const first = signed(connection, request, credentials, signedAt)
  const answer = await roundTrip(connection, first, signal)
  if (answer.status >= 200 && answer.status <= 299) return answer
  const isExpired = answer.status === 401 && /signature expired/i.test(answer.text)
  const serverTime = serverTimeIn(answer.text, signedAt) ?? answer.serverTime
  if (!isExpired || serverTime === undefined) throw rejectionError(connection, first, answer)
  return await exchange(connection, signed(connection, request, credentials, serverTime), signal)
}

function signed(
  { endpoint }: IamConnection,
  request: IamRequest,
  { accessKeyId, secretAccessKey, securityToken }: Credentials,
  time: number,
): IamRequest {
  // Whether the key still lives is for its provider to say: the local clock may be what is wrong.
  const key = { accessKeyId, secretAccessKey, ...(securityToken === undefined ? undefined : { securityToken }) }
  const { method, path, headers = {} } = request
  const signature = sign({ method, url: endpoint + path, headers, body: payloadOf(request) }, key, {
    date: new Date(time),
  })
  return {
    ...request,
    headers: { ...headers, ...signature },
    secrets: [...request.secrets, secretAccessKey, ...(securityToken === undefined ? [] : [securityToken])],
  }
}

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
