import { MAX_SIGNED_BODY_BYTES, type SigningAlgorithm, UNSIGNED_PAYLOAD } from "@countersign/auth-core"
import {
  createSignatureReader,
  isPromise,
  type ReceivedSignature,
  type RequestHead,
} from "@countersign/auth-core/adapter"
import { checkNumber, invalidOption } from "./check-number.ts"
import { type Awaitable, createKeySource, type KeyCacheOptions, type Keys, type ReadyKey } from "./key-source.ts"
import { createRefusals, type Refusal, type RefusalFacts, type RefusalFormat } from "./refusal.ts"
import { memoryReplayStore, type ReplayStore } from "./replay-store.ts"

/** The options that may differ from route to route. */
export interface RouteOptions {
  /** The largest body, bytes; Infinity for any. @default 12 MB, 12 * 1024 * 1024 */
  maxBodyBytes?: number | undefined
  /** Accepts a signature without the body (UNSIGNED-PAYLOAD). @default false */
  allowUnsignedPayload?: boolean | undefined
  /** Accepts a signature without Host, which is valid for other servers too. @default false */
  allowUnsignedHost?: boolean | undefined
  /** Refuses a request whose signature was accepted before. `true` remembers them in this process. @default false */
  replay?: ReplayStore | boolean | undefined
  /** Lets requests without any authentication pass, without an identity. @default false */
  optional?: boolean | undefined
}

export interface VerifierOptions<Owner = unknown> extends RouteOptions {
  /** Gives the access key of an AK. */
  keys: Keys<Owner>
  /** @default at most 10,000 keys, each for 1 minute */
  keyCache?: KeyCacheOptions | undefined
  /**
   * The algorithms to accept. V11-HMAC-SHA256 needs `regions` and `services`; SDK-ECDSA-P256-SHA256 and SDK-SM2-SM3 need an
   * entry of auth-core.
   * @default SDK-HMAC-SHA256 and SDK-HMAC-SM3
   */
  algorithms?: readonly SigningAlgorithm[] | undefined
  /** Accepts the older, scoped form of SDK-HMAC-SHA256 too. It needs `regions` and `services`. @default false */
  scoped?: boolean | undefined
  /** The regions that a signature with a scope may name. */
  regions?: readonly string[] | "any" | undefined
  /** The services that a signature with a scope may name. */
  services?: readonly string[] | "any" | undefined
  /** How far the signature's time may be from the server's, either way, milliseconds. @default 15 minutes */
  maxSkewMs?: number | undefined
  /** How refusals are written. @default "gateway" */
  refusals?: RefusalFormat | undefined
  /** Shows the canonical request in refusals, its secrets masked. For development only. @default false */
  development?: boolean | undefined
  /** Hears of each refusal. What it throws is ignored. */
  onRefusal?: ((refusal: Refusal) => void) | undefined
  /** The server's clock, epoch ms. @default Date.now */
  now?: (() => number) | undefined
}

/** The caller of a request that was accepted. */
export interface Identity<Owner = unknown> {
  readonly accessKeyId: string
  /** The owner that `keys` gave with the key. */
  readonly owner: Owner
  readonly algorithm: SigningAlgorithm
  /** Names in lower case, in byte order. */
  readonly signedHeaders: readonly string[]
  /** X-Sdk-Date, epoch ms. */
  readonly signedAt: number
  /** Of the signature's scope, where it has one. */
  readonly region: string | undefined
  readonly service: string | undefined
  /** Whether the signature covers the body. */
  readonly isBodySigned: boolean
}

/** A request that is accepted. */
export interface Acceptance<Owner = unknown> {
  readonly ok: true
  /** `undefined` if authentication is optional and the request had none. */
  readonly auth: Identity<Owner> | undefined
}

export type Verdict<Owner = unknown> = Acceptance<Owner> | Refusal

/** A request whose body is still to come. */
export interface OpenRequest<Owner = unknown> {
  readonly ok: true
  /**
   * The caller, if the signature could be checked without the body: it covers a content hash header, or leaves the body out.
   * Else `undefined` until the end.
   */
  readonly auth: Identity<Owner> | undefined
  /** Nobody may act on the request before its end. */
  readonly needsBody: boolean
  /** Takes the next bytes of the body. Gives a refusal as soon as there are too many. */
  update(chunk: Uint8Array): Refusal | undefined
  /** Judges the whole. `last` are further bytes or text; alone, they are the whole body. */
  end(last?: string | Uint8Array | null): Awaitable<Verdict<Owner>>
}

/** A request with its whole body. */
export interface CompleteRequest extends RequestHead {
  /** The exact bytes that arrived; text counts as UTF-8. */
  body?: string | Uint8Array | null | undefined
}

export interface Verifier<Owner = unknown> {
  /** Checks a request. The answer is no promise if the key is at hand and the replay store answers at once. */
  verify(request: CompleteRequest): Awaitable<Verdict<Owner>>
  /** Checks all that can be checked before the body, so that a body can be checked while it passes. */
  open(head: RequestHead): Awaitable<OpenRequest<Owner> | Refusal>
  /** The same verifier for a route, with the same cache of keys. @throws {AuthError} `AUTH_INVALID_OPTION` */
  with(options: RouteOptions): Verifier<Owner>
  /** The refusal of a body that is larger than the route allows; for those who know its size beforehand. */
  refuseSize(bytes: number): Refusal | undefined
}

/**
 * Prepares the check of requests that callers signed with AK/SK.
 *
 * @throws {AuthError} `AUTH_INVALID_OPTION`
 * @see API Signing Guide, "AK/SK signing and authentication algorithm"
 */
export function createVerifier<Owner = undefined>(options: VerifierOptions<Owner>): Verifier<Owner> {
  const rules = rulesOf(options)
  const keySource = createKeySource(options.keys, options.keyCache ?? {}, rules.now)
  const prepare = (route: RouteOptions): Verifier<Owner> => {
    const policy = policyOf(route, rules.now)
    const open = (head: RequestHead): Awaitable<OpenRequest<Owner> | Refusal> =>
      openRequest(head, rules, policy, keySource)
    return {
      open,
      verify(request) {
        const opened = open(request)
        return isPromise(opened) ? opened.then((one) => ended(one, request)) : ended(opened, request)
      },
      with: (further) => prepare({ ...route, ...further }),
      refuseSize: (bytes) => (bytes > policy.maxBodyBytes ? rules.refuse(TOO_LARGE) : undefined),
    }
  }
  return prepare(options)
}

function ended<Owner>(opened: OpenRequest<Owner> | Refusal, { body }: CompleteRequest): Awaitable<Verdict<Owner>> {
  return opened.ok ? opened.end(body) : opened
}

interface Rules {
  readonly receive: ReturnType<typeof createSignatureReader>
  readonly algorithms: ReadonlySet<SigningAlgorithm>
  readonly scoped: boolean
  readonly allowsScope: (region: string, service: string) => boolean
  readonly maxSkewMs: number
  readonly refuse: (facts: RefusalFacts) => Refusal
  readonly now: () => number
}

interface Policy {
  readonly maxBodyBytes: number
  readonly allowUnsignedPayload: boolean
  readonly allowUnsignedHost: boolean
  readonly replay: ReplayStore | undefined
  readonly optional: boolean
}

const TOO_LARGE: RefusalFacts = { code: "BODY_TOO_LARGE", message: "Request entity too large" }

function rulesOf(options: Omit<VerifierOptions, "keys">): Rules {
  const { algorithms = ["SDK-HMAC-SHA256", "SDK-HMAC-SM3"], scoped = false, regions, services } = options
  const { maxSkewMs = 15 * 60_000, refusals = "gateway", development = false, onRefusal, now = Date.now } = options
  if (!Array.isArray(algorithms) || algorithms.length === 0)
    throw invalidOption("`algorithms` must list at least one algorithm")
  if (scoped || algorithms.includes("V11-HMAC-SHA256")) {
    checkNames("regions", regions)
    checkNames("services", services)
  }
  checkNumber("maxSkewMs", maxSkewMs, 0)
  if (typeof now !== "function") throw invalidOption("`now` must be a function, such as Date.now")
  if (refusals !== "gateway" && refusals !== "problem") throw invalidOption("`refusals` must be gateway or problem")
  const make = createRefusals(refusals, algorithms.join(", "))
  return {
    receive: createSignatureReader(),
    algorithms: new Set(algorithms),
    scoped: scoped === true,
    allowsScope: (region, service) => isNamed(regions, region) && isNamed(services, service),
    maxSkewMs,
    now,
    refuse(facts) {
      const refusal = make(development === true ? facts : { ...facts, canonicalRequest: "" })
      try {
        onRefusal?.(refusal)
      } catch {
        // A listener decides nothing.
      }
      return refusal
    },
  }
}

function checkNames(name: string, names: unknown): void {
  if (names === "any" || (Array.isArray(names) && names.every((one) => typeof one === "string"))) return
  throw invalidOption(`\`${name}\` must list the ${name} that a signature with a scope may name, or be "any"`)
}

function isNamed(names: readonly string[] | "any" | undefined, name: string): boolean {
  return names === "any" || names?.includes(name) === true
}

function policyOf(route: RouteOptions, now: () => number): Policy {
  const { maxBodyBytes = MAX_SIGNED_BODY_BYTES, allowUnsignedPayload = false, allowUnsignedHost = false } = route
  const { replay = false, optional = false } = route
  checkNumber("maxBodyBytes", maxBodyBytes, 0)
  for (const [name, value] of Object.entries({ allowUnsignedPayload, allowUnsignedHost, optional })) {
    if (typeof value !== "boolean") throw invalidOption(`\`${name}\` must be true or false`)
  }
  if (typeof replay !== "boolean" && typeof replay?.remember !== "function")
    throw invalidOption("`replay` must be true, false, or a store with `remember`")
  const store = replay === true ? memoryReplayStore({ now }) : replay || undefined
  return { maxBodyBytes, allowUnsignedPayload, allowUnsignedHost, replay: store, optional }
}

function openRequest<Owner>(
  head: RequestHead,
  rules: Rules,
  policy: Policy,
  keySource: (accessKeyId: string) => Awaitable<ReadyKey<Owner> | undefined>,
): Awaitable<OpenRequest<Owner> | Refusal> {
  const received = rules.receive(head, rules.scoped)
  if (received.ok === false) {
    if (policy.optional && received.code === "SIGNATURE_MISSING") return new Anonymous(rules, policy)
    return rules.refuse(received)
  }
  const { accessKeyId } = received
  const fault = faultBeforeKey(received, rules, policy)
  if (fault !== undefined) return rules.refuse({ accessKeyId, ...fault })
  const failed = (cause: unknown): Refusal =>
    rules.refuse({ code: "KEY_SOURCE_FAILED", message: "the key cannot be looked up now", accessKeyId, cause })
  let key: Awaitable<ReadyKey<Owner> | undefined>
  try {
    key = keySource(accessKeyId)
  } catch (error) {
    return failed(error)
  }
  if (!isPromise(key)) return openWithKey(received, key, rules, policy)
  // An error of the check itself is no failure of the source.
  return key.then((found) => openWithKey(received, found, rules, policy), failed)
}

/** AKs have 20 characters or so. Longer ones would fill the cache of keys. */
const LONGEST_ACCESS_KEY_ID = 128

function faultBeforeKey(received: ReceivedSignature, rules: Rules, policy: Policy): RefusalFacts | undefined {
  const { accessKeyId, algorithm, region, service, isHostSigned, payload } = received
  if (accessKeyId.length > LONGEST_ACCESS_KEY_ID) return { code: "SIGNATURE_MALFORMED", message: "Unauthorized" }
  if (!rules.algorithms.has(algorithm))
    return { code: "ALGORITHM_NOT_ALLOWED", message: `the algorithm ${algorithm} is not allowed` }
  if (region !== undefined && service !== undefined && !rules.allowsScope(region, service))
    return { code: "SCOPE_NOT_ALLOWED", message: `the scope ${region}/${service} is not allowed` }
  if (!isHostSigned && !policy.allowUnsignedHost)
    return { code: "HOST_UNSIGNED", message: "the signature does not cover the Host header" }
  const untimely = received.refuseTime(rules.now(), rules.maxSkewMs)
  if (untimely !== undefined) return untimely
  if (payload === UNSIGNED_PAYLOAD && !policy.allowUnsignedPayload)
    return { code: "PAYLOAD_UNSIGNED", message: "the signature does not cover the body" }
  return undefined
}

function openWithKey<Owner>(
  received: ReceivedSignature,
  key: ReadyKey<Owner> | undefined,
  rules: Rules,
  policy: Policy,
): Awaitable<OpenRequest<Owner> | Refusal> {
  const { accessKeyId } = received
  if (key === undefined) {
    const message = `Get secretKey failed,ak:${accessKeyId},err:ak not exist`
    return rules.refuse({ code: "ACCESS_KEY_UNKNOWN", message, accessKeyId })
  }
  const signed = new Signed(received, key, rules, policy)
  if (received.payload === undefined) return signed
  const refused = signed.check(undefined)
  return isPromise(refused) ? refused.then((one) => one ?? signed) : (refused ?? signed)
}

/** A body that is counted. */
abstract class CountedBody {
  protected readonly rules: Rules
  protected readonly policy: Policy
  #bytes = 0

  constructor(rules: Rules, policy: Policy) {
    this.rules = rules
    this.policy = policy
  }

  protected count(chunk: Uint8Array): Refusal | undefined {
    this.#bytes += chunk.byteLength
    return this.#bytes > this.policy.maxBodyBytes ? this.rules.refuse(TOO_LARGE) : undefined
  }
}

class Anonymous<Owner> extends CountedBody implements OpenRequest<Owner> {
  readonly ok = true
  readonly auth = undefined
  readonly needsBody = false

  update(chunk: Uint8Array): Refusal | undefined {
    return this.count(chunk)
  }

  end(last?: string | Uint8Array | null): Verdict<Owner> {
    return (last && this.count(bytesOf(last))) || { ok: true, auth: undefined }
  }
}

class Signed<Owner> extends CountedBody implements OpenRequest<Owner> {
  readonly ok = true
  readonly #received: ReceivedSignature
  readonly #key: ReadyKey<Owner>
  #hash: ReturnType<ReceivedSignature["startHash"]> | undefined
  #tooLarge: Refusal | undefined
  auth: Identity<Owner> | undefined

  constructor(received: ReceivedSignature, key: ReadyKey<Owner>, rules: Rules, policy: Policy) {
    super(rules, policy)
    this.#received = received
    this.#key = key
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
    return isPromise(refused) ? refused.then((one) => one ?? this.#accepted()) : (refused ?? this.#accepted())
  }

  /** Checks the signature, then whether it came before. */
  check(hash: string | undefined): Awaitable<Refusal | undefined> {
    const received = this.#received
    const result = received.check(this.#key.verifying, hash)
    if (!result.ok) return this.#refuse(result)
    const { replay } = this.policy
    if (replay === undefined) return this.#identify()
    const { now, maxSkewMs } = this.rules
    const ttlMs = Math.max(0, received.signedAt + maxSkewMs - now()) + 1_000
    const judge = (isNew: boolean): Refusal | undefined =>
      isNew === true
        ? this.#identify()
        : this.#refuse({ code: "SIGNATURE_REPLAYED", message: "the signature was used before" })
    const failed = (cause: unknown): Refusal =>
      this.#refuse({ code: "REPLAY_STORE_FAILED", message: "a replay cannot be ruled out now", cause })
    let isNew: Awaitable<boolean>
    try {
      isNew = replay.remember(received.identityOf(hash), ttlMs)
    } catch (error) {
      return failed(error)
    }
    return isPromise(isNew) ? isNew.then(judge, failed) : judge(isNew)
  }

  #refuse(facts: RefusalFacts): Refusal {
    return this.rules.refuse({ ...facts, accessKeyId: this.#received.accessKeyId })
  }

  #accepted(): Acceptance<Owner> {
    return { ok: true, auth: this.auth }
  }

  #identify(): undefined {
    const { accessKeyId, algorithm, signedHeaders, signedAt, region, service, payload } = this.#received
    const isBodySigned = payload !== UNSIGNED_PAYLOAD
    // The types of `keys` say whether a key has an owner.
    const owner = this.#key.owner as Owner
    this.auth = { accessKeyId, owner, algorithm, signedHeaders, signedAt, region, service, isBodySigned }
  }
}

const encoder = new TextEncoder()

function bytesOf(body: string | Uint8Array): Uint8Array {
  return typeof body === "string" ? encoder.encode(body) : body
}
