import type { AuthenticatedAttempt } from "./authenticate-attempt.ts"
import { readRejection } from "./rejection.ts"
import { isRejection, type ResponseLike } from "./response-like.ts"

/**
 * Whether a rejected attempt should be sent once more, authenticated anew. Judges 401 and 403 of authenticated attempts;
 * the response stays readable.
 */
export function shouldReplay(
  attempt: AuthenticatedAttempt,
  response: ResponseLike,
  replayed: boolean,
  signal?: AbortSignal,
): boolean | Promise<boolean> {
  const { authenticated } = attempt
  if (authenticated === undefined || !isRejection(response)) return false
  return isCurable(attempt, authenticated, response, replayed, signal)
}

async function isCurable(
  { url, body }: AuthenticatedAttempt,
  { by, as }: NonNullable<AuthenticatedAttempt["authenticated"]>,
  response: ResponseLike,
  replayed: boolean,
  signal: AbortSignal | undefined,
): Promise<boolean> {
  const rejection = await readRejection(response, url, replayed)
  return (await by.judge(as, rejection, signal)) && !replayed && body.replayable
}
