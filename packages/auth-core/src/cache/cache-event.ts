import type { AuthErrorCode } from "../errors/auth-error.ts"

interface OfIdentity {
  /** The identity key; absent for a provider that has none. */
  readonly identity: string | undefined
}

/** What a cache does, for logs and metrics. Holds no secret. */
export type CacheEvent =
  /** There is a new value. */
  | (OfIdentity & {
      readonly type: "acquired"
      readonly source: "provider" | "store"
      readonly durationMs: number
      /** What is left of its lifetime; Infinity when it has no end. */
      readonly expiresInMs: number
    })
  /** A value past its soft expiry was given out, while a newer one is or will be fetched. */
  | (OfIdentity & { readonly type: "served-stale"; readonly expiresInMs: number })
  /** A refresh ended without a value. */
  | (OfIdentity & {
      readonly type: "refresh-failed"
      readonly durationMs: number
      readonly code: AuthErrorCode
      /** When nobody asks again before; absent when the failure is not remembered. */
      readonly retryAfterMs?: number | undefined
    })
  /** A caller got the last failure again, without anybody being asked. */
  | (OfIdentity & { readonly type: "backed-off"; readonly code: AuthErrorCode; readonly retryAfterMs: number })
  /** A value is no longer given out: a server refused it, `invalidate` was called, or another process deleted it. */
  | (OfIdentity & { readonly type: "invalidated"; readonly reason: "rejected" | "requested" | "deleted" })
  /** The shared store failed or was too slow, and is left alone for a while; requests go on without it. */
  | {
      readonly type: "store-failed"
      readonly operation: "get" | "set" | "delete" | "lease" | "release" | "watch"
      readonly durationMs: number
      /** `timeout`, or name and code of the error. */
      readonly reason: string
      readonly pausedMs: number
    }
  /** The shared store holds something for this identity that cannot be read; it counts as nothing. */
  | (OfIdentity & { readonly type: "store-unreadable" })
