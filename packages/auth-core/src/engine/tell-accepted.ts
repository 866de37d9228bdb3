import type { AuthenticatedAttempt } from "./authenticate-attempt.ts"

/** Tells the auth of an attempt that the server took what it gave. A redirect may come before anybody looked at it. */
export function tellAccepted({ authenticated, url }: AuthenticatedAttempt, status: number): void {
  if (status >= 200 && status < 300) authenticated?.by.accepted?.(authenticated.as, url)
}
