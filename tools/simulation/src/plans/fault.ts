import type { IamConditions } from "../cloud/iam.ts"
import type { Conditions } from "../store/conditions.ts"
import type { ServerTroubles } from "../store/redis-server.ts"
import type { Stalls } from "../time/machine.ts"
import type { Keyring } from "./keyring.ts"

interface Lasting {
  /** Milliseconds after the start. */
  readonly at: number
  readonly forMs: number
}

/** Something that goes wrong, at a time and for a time. Processes and identities are named by their place. */
export type Fault =
  /** The network to the store is slow, loses, reorders, breaks. */
  | (Lasting & { readonly kind: "network"; readonly conditions: Partial<Conditions> })
  /** Processes have no connection to the store: all of them, or some. */
  | (Lasting & { readonly kind: "cut"; readonly processes: readonly number[] | "all" })
  /** A replica takes over that lacks the last writes. Its clock may be ahead. */
  | (Lasting & { readonly kind: "failover"; readonly lostMs: number; readonly clockMs: number })
  | (Lasting & { readonly kind: "flush" })
  /** The store drops a share of its keys, because its memory is full. */
  | (Lasting & { readonly kind: "evict"; readonly share: number })
  /** The store refuses something. */
  | (Lasting & { readonly kind: "server"; readonly troubles: Partial<ServerTroubles> })
  /** A process stands still, as after SIGSTOP. */
  | (Lasting & { readonly kind: "pause"; readonly process: number })
  /** All processes stall now and then, as by garbage collection. */
  | (Lasting & { readonly kind: "stalls"; readonly stalls: Stalls })
  /** A process ends without a farewell. Another takes its place. */
  | (Lasting & { readonly kind: "crash"; readonly process: number })
  /** The wall clock of a process is set. */
  | (Lasting & { readonly kind: "clock"; readonly process: number; readonly skewMs: number })
  /** IAM is slow, fails, or does not answer. */
  | (Lasting & { readonly kind: "iam"; readonly conditions: Partial<IamConditions> })
  /** All tokens of an identity end at once. */
  | (Lasting & { readonly kind: "revoke"; readonly identity: number })
  /** The password of an identity changes. Each process learns that within `forMs`, or never. */
  | (Lasting & { readonly kind: "rotate"; readonly identity: number; readonly isTold: boolean })
  /** Other keys of encryption are rolled out. Within `forMs` each process ends, and another takes its place. */
  | (Lasting & { readonly kind: "rekey"; readonly keyring: Keyring })

/** The loss that a fault brings while it lasts. */
export interface Effect {
  /** The store may not answer, or may have lost something. */
  readonly onStore: boolean
  /** A waiting process cannot tell a result that travels slowly from a holder that still works. */
  readonly slowsStore: boolean
  /** A lease may stay until its end: its release never arrives, or is undone. */
  readonly orphansLeases: boolean
  readonly onIam: boolean
  /** A change may go unnoticed: who waits for it looks again after half a lease. */
  readonly losesNotices: boolean
  /** Processes do not run, or have ended. */
  readonly stops: boolean
  /** A wall clock is set. One that jumps ahead makes values old, as after the sleep of a machine. */
  readonly setsClocks: boolean
}

const NONE: Effect = {
  onStore: false,
  slowsStore: false,
  orphansLeases: false,
  onIam: false,
  losesNotices: false,
  stops: false,
  setsClocks: false,
}

/** The longest that a cache waits for its provider. */
const REFRESH_TIMEOUT_MS = 30_000

/** When the last effect of a fault is over. A call of IAM that was sent at its end is still slow, or never answered. */
export function lastsUntil(fault: Fault): number {
  const end = fault.at + fault.forMs
  if (fault.kind !== "iam") return end
  const { hanging = 0, delayMs = 0 } = fault.conditions
  return end + (hanging > 0 ? REFRESH_TIMEOUT_MS : delayMs)
}

/** Commands without which no lease is released. */
const KEEP_LEASES = new Set(["EVAL", "TIME", "HMGET"])
/** Commands without which a script ends before it tells of its change. */
const LOSE_NOTICES = new Set(["HSET", "PEXPIREAT", "PUBLISH"])

export function effectOf(fault: Fault): Effect {
  switch (fault.kind) {
    case "network": {
      const {
        lostCommands = 0,
        lostAnswers = 0,
        lostNotices = 0,
        broken = 0,
        delayMs = 0,
        jitterMs = 0,
      } = fault.conditions
      const isSlow = delayMs + 5 * jitterMs > 100
      return {
        ...NONE,
        onStore: isSlow || lostCommands + lostAnswers + broken > 0,
        slowsStore: isSlow,
        orphansLeases: lostCommands + lostAnswers + broken > 0,
        losesNotices: lostNotices > 0,
      }
    }
    case "cut":
    case "failover":
      return { ...NONE, onStore: true, orphansLeases: true }
    case "flush":
    case "evict":
      return { ...NONE, onStore: true }
    case "server": {
      const { isFull = false, refused, mayNotUseChannels = false } = fault.troubles
      return {
        ...NONE,
        onStore: isFull || (refused !== undefined && refused !== "PUBLISH"),
        orphansLeases: refused !== undefined && KEEP_LEASES.has(refused),
        losesNotices: mayNotUseChannels || (refused !== undefined && LOSE_NOTICES.has(refused)),
      }
    }
    case "stalls":
      // A stall may look like a store that does not answer.
      return { ...NONE, onStore: fault.stalls.longestMs > 100, stops: true }
    case "pause":
    case "crash":
    case "rekey":
      return { ...NONE, orphansLeases: true, stops: true }
    case "iam":
      return { ...NONE, onIam: true }
    case "clock":
      return { ...NONE, setsClocks: true }
    case "revoke":
    case "rotate":
      return NONE
  }
}
