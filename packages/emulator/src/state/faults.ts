import { invalidOption } from "@countersign/auth-core/adapter"
import type { MemoryLockOut } from "@countersign/server"
import { checkBoolean, checkNumber, checkObject, checkOneOf, checkText, checkWhole } from "../check-input.ts"
import { PARTS, type Part } from "../part-of.ts"
import { SERVICE_REFUSAL_NAMES, type ServiceRefusal } from "../service-refusals.ts"
import type { AccessKey, Named } from "./accounts.ts"
import type { ServerClock } from "./clock.ts"
import type { Identities } from "./identities.ts"

/** The requests that a fault applies to: those of a part of the emulator, or by an undecoded path's beginning or pattern. */
export type FaultTarget = "all" | Part | `/${string}` | RegExp

/** Which requests meet a fault. */
export interface FaultOptions {
  /** @default "gateway" */
  target?: FaultTarget | undefined
  /** The number of requests that meet it. @default all until `reset` */
  times?: number | undefined
}

/** A user by its id, or an access key. */
export type Lockable = Pick<Named, "id"> | Pick<AccessKey, "accessKeyId">

/**
 * Faults on demand. A fault of requests applies to the next ones to its target, in the order they come. A request to the
 * gateway is checked and recorded before it meets a fault. Each throws an AuthError, `AUTH_INVALID_OPTION`, for an argument
 * that it cannot take, and for a user, key or token that does not exist.
 */
export interface Faults {
  /** Delays answers by `ms` milliseconds of real time. */
  delay(ms: number, options?: FaultOptions): void
  /** Answers with a status and its error body. */
  status(status: number, options?: FaultOptions & { retryAfterSeconds?: number | undefined }): void
  /** Answers as a service that refuses a request. @see ServiceRefusal */
  serviceRefusal(service: ServiceRefusal, options?: FaultOptions): void
  /** Answers 429, with Retry-After, after `requests` requests within `perMs` milliseconds of the server's clock. */
  throttle(requests: number, options?: { target?: FaultTarget | undefined; perMs?: number | undefined }): void
  /** Closes the connection without an answer. */
  dropConnection(options?: FaultOptions): void
  /** Answers with a redirect to a URL. @param options.status 302 by default */
  redirect(to: string, options?: FaultOptions & { status?: 301 | 302 | 303 | 307 | 308 | undefined }): void
  /** Revokes one token, or all. */
  revokeToken(value?: string): void
  /** Replaces an access key. The old one is unknown from then on. */
  rotateKey(accessKeyId: string): AccessKey
  /** Revokes an access key, temporary or not. */
  revokeKey(accessKeyId: string): void
  /** Changes the password of a user. The tokens that the user has end. */
  changePassword(user: Pick<Named, "id">, password: string): void
  /** Disables a user, or enables it again: password, tokens and access keys alike. */
  disableUser(user: Pick<Named, "id">, disabled?: boolean): void
  /** Locks a user for 15 minutes, as after too many wrong passwords; or an access key for five, as after failed signatures. */
  lock(who: Lockable): void
  /** Ends such a lock. */
  unlock(who: Lockable): void
  /** Moves the server's clock by `ms` milliseconds. */
  clockOffset(ms: number): void
  /** How the metadata service answers. @see MetadataMode */
  metadata(mode: MetadataMode): void
  /** Ends the faults of requests, locks, the clock's offset and the metadata mode. All other changes stay. */
  reset(): void
}

/**
 * `token optional`: the second version of the metadata service, and still the first; `token required`: only the second;
 * `no tokens`: only the first; `no agency`: the server has no agency, so there is no key.
 */
export type MetadataMode = "token optional" | "token required" | "no tokens" | "no agency"

const METADATA_MODES: readonly MetadataMode[] = ["token optional", "token required", "no tokens", "no agency"]

/** The fault of a single request. */
export type Fault =
  | { readonly kind: "delay"; readonly ms: number }
  | { readonly kind: "status"; readonly status: number; readonly retryAfterSeconds: number | undefined }
  | { readonly kind: "service"; readonly service: ServiceRefusal }
  | { readonly kind: "drop" }
  | { readonly kind: "redirect"; readonly to: string; readonly status: number }

/** A fault that waits for requests. */
export interface PendingFault {
  readonly target: FaultTarget
  /** The arguments that were passed to `faults`. */
  readonly asked: Fault | { readonly kind: "throttle"; readonly requests: number; readonly perMs: number }
  /** The number of requests that will still meet it: `Infinity` for all until `reset`. */
  readonly timesLeft: number
  /** Returns the fault of the next request to the target, if any. */
  next(): Fault | undefined
}

/** The parts of the world that faults change. */
interface FaultyWorld {
  readonly pending: PendingFault[]
  readonly clock: ServerClock
  readonly identities: Identities
  readonly keyLockout: MemoryLockOut
  readonly passwordLockout: MemoryLockOut
  metadataMode: MetadataMode
}

export function createFaults(world: FaultyWorld): Faults {
  const { pending, clock, identities, keyLockout, passwordLockout } = world
  const add = (fault: Fault, options: FaultOptions = {}): void => {
    checkFaultOptions(options)
    const { target = "gateway", times = Number.POSITIVE_INFINITY } = options
    let left = times
    pending.push({
      target,
      asked: fault,
      get timesLeft() {
        return Math.max(0, left)
      },
      next: () => (left-- > 0 ? fault : undefined),
    })
  }
  const lockoutOf = (who: Lockable): MemoryLockOut => {
    checkLockable(who)
    const isKey = "accessKeyId" in who
    const known = isKey ? identities.key(who.accessKeyId) : identities.user({ id: who.id }, undefined)
    if (known !== undefined) return isKey ? keyLockout : passwordLockout
    throw invalidOption(`There is no ${isKey ? "access key" : "user with the id"} ${nameOf(who)}.`)
  }
  return {
    delay(ms, options) {
      checkNumber("ms", ms, 0)
      add({ kind: "delay", ms }, options)
    },
    status(status, options) {
      const retryAfterSeconds = options?.retryAfterSeconds
      checkWhole("status", status, 200, 599)
      if (retryAfterSeconds !== undefined) checkNumber("retryAfterSeconds", retryAfterSeconds, 0)
      add({ kind: "status", status, retryAfterSeconds }, options)
    },
    serviceRefusal(service, options) {
      checkOneOf("service", service, SERVICE_REFUSAL_NAMES)
      add({ kind: "service", service }, options)
    },
    throttle(requests, options = {}) {
      checkFaultOptions(options)
      const { target = "gateway", perMs = 1_000 } = options
      checkNumber("requests", requests, 0)
      checkNumber("perMs", perMs, 1)
      const asked = { kind: "throttle", requests, perMs } as const
      pending.push({ target, asked, timesLeft: Number.POSITIVE_INFINITY, next: throttled(requests, perMs, clock) })
    },
    dropConnection: (options) => add({ kind: "drop" }, options),
    redirect(to, options) {
      const { status = 302 } = options ?? {}
      checkText("to", to)
      if (!isHeaderValue(to)) throw invalidOption("`to` must be a URL: it has a character that no header may hold.")
      checkOneOf("status", status, [301, 302, 303, 307, 308])
      add({ kind: "redirect", to, status }, options)
    },
    revokeToken(value) {
      if (value !== undefined && identities.token(value) === undefined)
        throw invalidOption("There is no such token to revoke.")
      identities.revokeTokens((token) => value === undefined || token.value === value)
    },
    rotateKey(accessKeyId) {
      checkText("accessKeyId", accessKeyId)
      return identities.rotateKey(accessKeyId)
    },
    revokeKey(accessKeyId) {
      checkText("accessKeyId", accessKeyId)
      identities.revokeKey(accessKeyId)
    },
    changePassword(user, password) {
      checkUser(user)
      checkText("password", password)
      identities.changePassword(user, password)
    },
    disableUser(user, disabled = true) {
      checkUser(user)
      checkBoolean("disabled", disabled)
      identities.setDisabled(user, disabled)
    },
    lock: (who) => lockoutOf(who).lock(nameOf(who)),
    unlock: (who) => lockoutOf(who).unlock(nameOf(who)),
    clockOffset(ms) {
      clock.offset = ms
    },
    metadata(mode) {
      checkOneOf("mode", mode, METADATA_MODES)
      world.metadataMode = mode
    },
    reset() {
      pending.length = 0
      clock.offset = 0
      world.metadataMode = "token optional"
      keyLockout.reset()
      passwordLockout.reset()
    },
  }
}

const TARGETS: readonly FaultTarget[] = ["all", ...PARTS]

function checkFaultOptions(options: FaultOptions): void {
  checkObject("options", options, "{ target, times }")
  const { target = "gateway", times = Number.POSITIVE_INFINITY } = options
  if (times !== Number.POSITIVE_INFINITY) checkWhole("times", times, 1)
  if (target instanceof RegExp || TARGETS.includes(target)) return
  if (typeof target === "string" && target.startsWith("/")) return
  throw invalidOption(`\`target\` must be one of ${TARGETS.join(", ")}, or the start of a path, or a pattern.`)
}

function checkLockable(who: unknown): void {
  const { id, accessKeyId } = Object(who) as Partial<Record<"id" | "accessKeyId", unknown>>
  if (typeof (accessKeyId ?? id) === "string") return
  throw invalidOption("`who` must be { id } of a user, or { accessKeyId }.")
}

function checkUser(user: unknown): void {
  const { id } = Object(user) as { id?: unknown }
  if (typeof id !== "string") throw invalidOption("`user` must be { id } of a user.")
}

function isHeaderValue(text: string): boolean {
  try {
    new Headers({ location: text })
    return true
  } catch {
    return false
  }
}

function nameOf(who: Lockable): string {
  return "accessKeyId" in who ? who.accessKeyId : who.id
}

function throttled(most: number, perMs: number, clock: ServerClock): () => Fault | undefined {
  let windowEnd = Number.NEGATIVE_INFINITY
  let count = 0
  return () => {
    if (clock.now() >= windowEnd) {
      windowEnd = clock.now() + perMs
      count = 0
    }
    count += 1
    if (count <= most) return undefined
    return { kind: "status", status: 429, retryAfterSeconds: Math.max(1, Math.ceil((windowEnd - clock.now()) / 1_000)) }
  }
}

/** Takes the faults that apply to a request from the pending ones. */
export function takeFaults(pending: readonly PendingFault[], part: Part, path: string): Fault[] {
  return pending
    .filter(({ target }) => isMet(target, part, path))
    .map((fault) => fault.next())
    .filter((fault) => fault !== undefined)
}

function isMet(target: FaultTarget, part: Part, path: string): boolean {
  if (target instanceof RegExp) return path.search(target) >= 0
  return target === "all" || target === part || (target.startsWith("/") && path.startsWith(target))
}
