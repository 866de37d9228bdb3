import type { IamConnection } from "./iam-connection.ts"
import type { IamAnswer, IamRequest } from "./iam-request.ts"
import { rejectionError } from "./rejection-error.ts"
import { roundTrip } from "./round-trip.ts"

/**
 * One round trip that must succeed.
 *
 * @throws {AuthError} of {@link roundTrip} when there is no answer, of {@link rejectionError} when it is no success.
 */
export async function exchange(
  connection: IamConnection,
  request: IamRequest,
  signal: AbortSignal | undefined,
): Promise<IamAnswer> {
  const answer = await roundTrip(connection, request, signal)
  if (answer.status < 200 || answer.status > 299) throw rejectionError(connection, request, answer)
  return answer
}
