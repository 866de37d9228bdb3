import { type Credentials, isAuthError } from "@countersign/auth-core"
import { CommandError, exitCodeOf } from "./exit-code.ts"
import type { Transport } from "./transport.ts"

/**
 * Explains a refusal of IAM or STS, whose own words quote the canonical request of the gateway.
 *
 * @param transport sent the request, as the last one
 * @returns any other error as it is
 */
export async function explainedError(
  error: unknown,
  { lastRequest }: Transport,
  credentials: Credentials | undefined,
): Promise<unknown> {
  if (!isAuthError(error) || (error.status !== 401 && error.status !== 403)) return error
  const { explain } = await import("@countersign/auth-core/explain")
  const explanation = explain(error, { request: lastRequest(), credentials })
  return new CommandError(exitCodeOf(error), `${error.message.split(" failed: ", 1)[0]} failed.\n${explanation}`)
}
