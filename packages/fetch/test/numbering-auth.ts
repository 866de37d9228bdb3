import type { Attempt, Auth, Rejection } from "../src/index.ts"

export interface NumberingAuth extends Auth {
  attempts: Attempt[]
  rejections: Rejection[]
}

/** Gives each attempt a number for a secret, so that a stale one shows, and would replay every rejection. */
export function numbering(name = "secret", limit?: number): NumberingAuth {
  const attempts: Attempt[] = []
  const rejections: Rejection[] = []
  return {
    attempts,
    rejections,
    bodyLimit: ({ "x-sdk-content-sha256": hash }) => (hash === "UNSIGNED-PAYLOAD" ? undefined : limit),
    authenticate: (attempt) => ({ headers: { "x-auth-token": `${name}-${attempts.push(attempt)}` }, used: undefined }),
    judge: (_, rejection) => rejections.push(rejection) > 0,
  }
}
