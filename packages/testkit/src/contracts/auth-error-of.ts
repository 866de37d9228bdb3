import { type AuthError, isAuthError } from "@countersign/auth-core"

/** Finds the AuthError in the error of a request, because some clients wrap it in their own. */
export function authErrorOf(error: unknown): AuthError | undefined {
  if (isAuthError(error)) return error
  const cause = error instanceof Error ? error.cause : undefined
  return isAuthError(cause) ? cause : undefined
}
