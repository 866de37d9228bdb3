import {
  andThen,
  asked,
  bytesOf,
  isObject,
  isPromise,
  type ReceivedSignature,
  UNSIGNED_PAYLOAD,
} from "@countersign/auth-core/adapter"
import type { Identity } from "./identity.ts"
import type { ReadyKey } from "./key-source.ts"
import type { LockOut } from "./lock-out.ts"
import { type Awaitable, answerOf, ignoreFailure, inTime, whenAnswered } from "./lookup.ts"
import type { Refusal, RefusalCode, RefusalFacts } from "./refusal.ts"
import { acceptUnasked, askedFor, type ReplayStore } from "./replay-store.ts"
import { otherKey } from "./sought-key.ts"
import type { Policy, ReplayGuard, Rules } from "./verifier-options.ts"

/** A request that is accepted. */
export interface Acceptance<Owner = unknown> {
  /** True: the request may be served. */
  readonly ok: true
  /** `undefined` if authentication is optional and the request had none. */
  readonly auth: Identity<Owner> | undefined
}

/** Whether a request may be served. */
export type Verdict<Owner = unknown> = Acceptance<Owner> | Refusal

/** A request whose body is still to come. */
export interface OpenRequest<Owner = unknown> {
  /** True: nothing speaks against the request so far. */
  readonly ok: true
  /**
   * The caller, if the body is not needed to tell: the signature covers a content hash header, or leaves the body out, or
   * there is none. Else `undefined` until the end.
   */
  readonly auth: Identity<Owner> | undefined
  /** Nobody may act on the request before its end. */
  readonly needsBody: boolean
  /** Takes the next bytes of the body. Gives a refusal as soon as there are too many. */
  update(chunk: Uint8Array): Refusal | undefined
  /** Judges the whole. `last` are further bytes or text; alone, they are the whole body. */
  end(last?: string | Uint8Array | null): Awaitable<Verdict<Owner>>
}

export const TOO_LARGE: RefusalFacts = { code: "BODY_TOO_LARGE", message: "Request entity too large" }

/** A body that is counted. */
abstract class CountedBody<Owner> {
  protected readonly rules: Rules<Owner>
  protected readonly policy: Policy
  #bytes = 0

  constructor(rules: Rules<Owner>, policy: Policy) {
    this.rules = rules
    this.policy = policy
  }

  protected count(chunk: Uint8Array): Refusal | undefined {
    this.#bytes += chunk.byteLength
    return this.#bytes > this.policy.maxBodyBytes ? this.policy.refuse(TOO_LARGE) : undefined
  }
}

/** A request whose caller is known without its body; or, where authentication is optional, known to be absent. */
export class UnsignedRequest<Owner> extends CountedBody<Owner> implements OpenRequest<Owner> {
  readonly ok = true
  readonly needsBody = false
  readonly auth: Identity<Owner> | undefined
  #tooLarge: Refusal | undefined

  constructor(auth: Identity<Owner> | undefined, rules: Rules<Owner>, policy: Policy) {
    super(rules, policy)
    this.auth = auth
  }

  update(chunk: Uint8Array): Refusal | undefined {
    this.#tooLarge ??= this.count(chunk)
    return this.#tooLarge
  }

  end(last?: string | Uint8Array | null): Verdict<Owner> {
    return (last ? this.update(bytesOf(last)) : this.#tooLarge) ?? { ok: true, auth: this.auth }
  }
}

/** A wrong signature or secret, of a key that exists. */
const FAILURES: ReadonlySet<RefusalCode> = new Set(["SIGNATURE_MISMATCH", "PAYLOAD_MISMATCH"])

/** The answer of a lock-out of the program to a note. Its failure changes no verdict. */
function noted<T>(note: () => T): T | undefined {
  return asked(() => {
    const answer = note()
    if (!isPromise(answer)) return answer
    ignoreFailure(answer)
    return undefined
  })
}

/** The most failures of one key that may wait for another secret. Until they are judged, they do not count. */
const MOST_UNDECIDED = 100

/** Why a lock-out keeps a key out; `undefined` if it does not. */
export function lockedBy<Owner>({ lockOut, undecided }: Rules<Owner>, accessKeyId: string): RefusalFacts | undefined {
  if (lockOut === undefined) return undefined
  const isCrowded = (undecided?.get(accessKeyId) ?? 0) >= MOST_UNDECIDED
  const answer = isCrowded || answerOf(() => lockOut.isLocked(accessKeyId), "`isLocked` of `lockOut`")
  if (answer === false) return undefined
  if (answer === true) return { code: "ACCESS_KEY_LOCKED", message: "AK access failed to reach the limit,forbidden" }
  return { code: "LOCK_OUT_FAILED", message: "the key cannot be judged now", ...answer }
}

export function noteSuccess(lockOut: LockOut, accessKeyId: string): void {
  noted(() => lockOut.succeeded(accessKeyId))
}

/** Refuses a request of a key. Counts it against the key, if the secret was wrong. */
export function refuseKey<Owner>(
  { lockOut, noteLock }: Rules<Owner>,
  { refuse }: Policy,
  accessKeyId: string,
  facts: RefusalFacts,
): Refusal {
  if (lockOut !== undefined && FAILURES.has(facts.code)) {
    const lock = noted(() => lockOut.failed(accessKeyId))
    noted(() => {
      if (isObject(lock)) noteLock({ accessKeyId, failures: lock.failures, lockedForMs: lock.lockedForMs })
    })
  }
  return refuse({ ...facts, accessKeyId })
}

/** Refusals that another secret or security token of the same access key may cure. */
const OF_ANOTHER_KEY: ReadonlySet<RefusalCode> = new Set(["SIGNATURE_MISMATCH", "SECURITY_TOKEN_INVALID"])

/** A signed request, whose key was found. */
export class SignedRequest<Owner> extends CountedBody<Owner> implements OpenRequest<Owner> {
  readonly ok = true
  readonly #received: ReceivedSignature
  #key: ReadyKey<Owner>
  /** Its secret may have been replaced meanwhile. */
  #isRemembered: boolean
  /** The request of a server to which it belongs. */
  readonly #carrier: object | undefined
  #hash: ReturnType<ReceivedSignature["startHash"]> | undefined
  #tooLarge: Refusal | undefined
  auth: Identity<Owner> | undefined

  constructor(
    received: ReceivedSignature,
    key: ReadyKey<Owner>,
    isRemembered: boolean,
    rules: Rules<Owner>,
    policy: Policy,
    carrier: object | undefined,
  ) {
    super(rules, policy)
    this.#carrier = carrier
    this.#received = received
    this.#key = key
    this.#isRemembered = isRemembered
  }

  get needsBody(): boolean {
    return this.auth === undefined
  }

  update(chunk: Uint8Array): Refusal | undefined {
    this.#tooLarge ??= this.count(chunk)
    if (this.#tooLarge === undefined && this.#received.payload !== UNSIGNED_PAYLOAD) {
      this.#hash ??= this.#received.startHash()
      this.#hash.update(chunk)
    }
    return this.#tooLarge
  }

  end(last?: string | Uint8Array | null): Awaitable<Verdict<Owner>> {
    const bytes = last === undefined || last === null ? undefined : bytesOf(last)
    if (this.#hash !== undefined && bytes !== undefined) this.update(bytes)
    else if (bytes !== undefined) this.#tooLarge ??= this.count(bytes)
    if (this.#tooLarge !== undefined) return this.#tooLarge
    const received = this.#received
    if (received.payload === UNSIGNED_PAYLOAD) return this.#accepted()
    const hash = this.#hash?.hex() ?? received.hashOf(bytes)
    const mismatch = received.refusePayload(hash)
    if (mismatch !== undefined) return this.#refuse(mismatch)
    if (this.auth !== undefined) return this.#accepted()
    const refused = this.check(hash)
    if (isPromise(refused)) return refused.then((one) => one ?? this.#accepted())
    return refused ?? this.#accepted()
  }

  /** Checks the signature, then whether the request came before. */
  check(hash: string | undefined): Awaitable<Refusal | undefined> {
    const { lockOut } = this.rules
    const { accessKeyId } = this.#received
    // The key may have been locked while the body came.
    const locked = lockedBy(this.rules, accessKeyId)
    if (locked !== undefined) return this.policy.refuse({ accessKeyId, ...locked })
    const refused = this.#received.refuseSignature(this.#key.verifying, hash)
    if (refused !== undefined) {
      if (!this.#isRemembered || !OF_ANOTHER_KEY.has(refused.code)) return this.#refuse(refused)
      return andThen(otherKey(accessKeyId, this.#key, this.rules, this.policy), (other) => {
        if (other === undefined) return this.#refuse(refused)
        if (!("key" in other)) return other
        this.#key = other.key
        this.#isRemembered = false
        return this.check(hash)
      })
    }
    if (lockOut !== undefined) noteSuccess(lockOut, accessKeyId)
    const { replay } = this.policy
    return replay === undefined ? this.#identify() : this.#checkReplay(replay, hash)
  }

  #checkReplay({ store, timeoutMs }: ReplayGuard, hash: string | undefined): Awaitable<Refusal | undefined> {
    const { now, maxSkewMs } = this.rules
    const time = now()
    const untimely = this.#received.refuseTime(time, maxSkewMs)
    if (untimely !== undefined) return this.#refuse(untimely)
    const ttlMs = this.#received.signedAt + maxSkewMs - time + 1_000
    const id = this.#received.identityOf(hash)
    const judge = (isNew: unknown): Refusal | undefined => {
      if (isNew === true) return this.#identify()
      if (isNew === false) return this.#refuse({ code: "SIGNATURE_REPLAYED", message: "the signature was used before" })
      const given = `a value of type ${typeof isNew}`
      const cause = new TypeError(`\`remember\` of \`replay\` must give true or false. It gave ${given}.`)
      return this.#withoutStore(cause, store, id)
    }
    return whenAnswered(
      () => askedFor(this.#carrier, store, id, () => inTime(store.remember(id, ttlMs), timeoutMs, "The replay store")),
      judge,
      (cause) => this.#withoutStore(cause, store, id),
    )
  }

  #withoutStore(cause: unknown, store: ReplayStore, id: string): Refusal | undefined {
    const { events } = this.rules
    const outcome = this.policy.replay?.acceptIfStoreFails === true ? "accepted" : "refused"
    if (events.isHeard()) events.tell({ type: "replay-store-failed", outcome })
    if (outcome === "accepted") {
      acceptUnasked(this.#carrier, store, id)
      return this.#identify()
    }
    return this.#refuse({ code: "REPLAY_STORE_FAILED", message: "a replay cannot be ruled out now", cause })
  }

  #refuse(facts: RefusalFacts): Refusal {
    return refuseKey(this.rules, this.policy, this.#received.accessKeyId, facts)
  }

  #accepted(): Acceptance<Owner> {
    return { ok: true, auth: this.auth }
  }

  #identify(): undefined {
    const { accessKeyId, algorithm, signedHeaders, signedAt, region, service, payload } = this.#received
    const isBodySigned = payload !== UNSIGNED_PAYLOAD
    // The types of `keys` say whether a key has an owner.
    const owner = this.#key.owner as Owner
    const scheme = "signature"
    this.auth = { scheme, accessKeyId, owner, algorithm, signedHeaders, signedAt, region, service, isBodySigned }
  }
}
