import type { Attempt, Auth, Rejection } from "@countersign/auth-core"

export interface NumberingAuth extends Auth {
  attempts: Attempt[]
  rejections: Rejection[]
}

/**
 * An auth without any cryptography. It gives each attempt a number as its secret, so that a stale one shows, keeps what it
 * was told, and has every rejected request replayed.
 *
 * @param limit the largest body it reads, in bytes. Without it bodies are left unread.
 */
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
