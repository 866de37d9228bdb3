import type { AuthenticatedAttempt } from "./authenticate-attempt.ts"

/**
 * Tells the auth of an attempt what came of it, unless `shouldReplay` will. A redirect may come before anybody looked at what
 * the auth gave, so it counts as no success.
 *
 * @param status absent when no answer came
 */
export function tellOutcome({ authenticated, url }: AuthenticatedAttempt, status?: number): void {
  if (authenticated === undefined) return
  const { by, as } = authenticated
  if (status !== undefined && status >= 200 && status < 300) by.accepted?.(as, url)
  if (status !== 401 && status !== 403) as.ended?.(status)
}
