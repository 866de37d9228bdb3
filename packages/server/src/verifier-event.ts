import { listenersChannel, tellListeners } from "@countersign/auth-core/adapter"
import type { Scheme } from "./identity.ts"
import type { RefusalCode } from "./refusal.ts"

/** The origin of a request whose URL is only a path. Its Host header names the host. Nobody signs for this one. */
export const NOWHERE = "http://host.invalid"

interface OfRequest {
  readonly method: string
  /**
   * Scheme, host and port; empty if the URL or the Host header cannot be read. Where only the header names the host, as on
   * a server of Node, the scheme is http.
   */
  readonly origin: string
  /** Without the query. */
  readonly path: string
}

/** An event of a verifier, told apart by `type`. It holds no secret. More types may come: ignore one that you do not know. */
export type VerifierEvent =
  /** A request is accepted. Without `scheme`, it had no authentication, and none was needed. */
  | (OfRequest & {
      readonly type: "accepted"
      readonly scheme?: Scheme | undefined
      readonly accessKeyId?: string | undefined
      /** Who called, for people to read: `access key AK…`, or `token of user @ account`. */
      readonly label?: string | undefined
    })
  /** A request is refused, or its body is. */
  | (OfRequest & {
      readonly type: "refused"
      readonly code: RefusalCode
      readonly status: number
      /** The access key that the request claims, whether it exists or not. */
      readonly accessKeyId?: string | undefined
    })
  /** `keys` was asked. */
  | {
      readonly type: "key-looked-up"
      readonly accessKeyId: string
      readonly outcome: "found" | "absent" | "failed"
      readonly durationMs: number
    }
  /** IAM was asked about a token. `stale`: it failed, and its last answer is used once more. */
  | {
      readonly type: "token-introspected"
      readonly outcome: "valid" | "invalid" | "failed" | "stale"
      readonly durationMs: number
    }
  /** An access key had too many failures. */
  | ({ readonly type: "access-key-locked"; readonly accessKeyId: string } & Readonly<KeyLock>)
  /** The replay store failed. `accepted`: the route lets the request pass all the same. */
  | { readonly type: "replay-store-failed"; readonly outcome: "accepted" | "refused" }

/** A lock of an access key. */
export interface KeyLock {
  /** How many failures led to it. */
  failures: number
  /** How long the key is refused, milliseconds; 0 if it is not. */
  lockedForMs: number
}

export type Tell = (event: VerifierEvent) => void

/** Where a verifier's events go. */
export interface Events {
  readonly tell: Tell
  /** Whether anybody listens. */
  isHeard(): boolean
}

/** Tells a listener and the channel `countersign` of `node:diagnostics_channel`. */
export function createTell(onEvent: ((event: VerifierEvent) => unknown) | undefined): Events {
  return {
    tell: (event) => tellListeners(event, onEvent),
    isHeard: () => onEvent !== undefined || listenersChannel?.hasSubscribers === true,
  }
}
