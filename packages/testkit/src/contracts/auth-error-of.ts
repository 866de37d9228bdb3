import { type AuthError, isAuthError } from "@countersign/auth-core"

/** Finds the AuthError in what a request failed with, since some clients put it behind an error of their own. */
export function authErrorOf(error: unknown): AuthError | undefined {
  if (isAuthError(error)) return error
  const cause = error instanceof Error ? error.cause : undefined
  return isAuthError(cause) ? cause : undefined
}
