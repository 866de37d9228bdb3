import {
  createSignatureReader,
  invalidOption,
  isSigningAlgorithm,
  MAX_SIGNED_BODY_BYTES,
  type SigningAlgorithm,
} from "@countersign/auth-core/adapter"
import { checkBooleans, checkNumber, checkOptions, overriding } from "./check-option.ts"
import type { Scheme } from "./identity.ts"
import { createKeySource, type KeyCacheOptions, type Keys, type ReadyKey } from "./key-source.ts"
import { LOCK_OUT_OPTIONS, type LockOut, type LockOutOptions, memoryLockOut } from "./lock-out.ts"
import type { Lookup, LookupContext } from "./lookup.ts"
import { createRefusals, type Refusal, type RefusalFacts, type RefusalFormat } from "./refusal.ts"
import { memoryReplayStore, REPLAY_OPTIONS, type ReplayOptions, type ReplayStore } from "./replay-store.ts"
import { createTokenTest, type TokenPolicy, type TokenTest } from "./token-policy.ts"
import type { TokenSource } from "./token-source.ts"
import type { Events, KeyLock, VerifierEvent } from "./verifier-event.ts"

/** The options that may differ from route to route. */
export interface RouteOptions {
  /** The largest body, bytes; Infinity for any. @default 12 MB, 12 * 1024 * 1024 */
  maxBodyBytes?: number | undefined
  /** Accepts a signature without the body (UNSIGNED-PAYLOAD). @default false */
  allowUnsignedPayload?: boolean | undefined
  /** Accepts a signature without Host, which is valid for other servers too. @default false */
  allowUnsignedHost?: boolean | undefined
  /**
   * Refuses a signed request that was accepted before. `true` remembers them in this process, in one memory for all routes of
   * a verifier. Tokens and Basic credentials are made to be sent again, so leave them out by `schemes` where that matters.
   * @default false
   */
  replay?: ReplayStore | ReplayOptions | boolean | undefined
  /** Lets requests without any authentication pass, without an identity. @default false */
  optional?: boolean | undefined
  /** How callers may authenticate. @default all for which the verifier has options */
  schemes?: readonly Scheme[] | undefined
  /** The callers with a token that are let in, or a function that decides. Others are not affected. @default all */
  tokenPolicy?: TokenPolicy | TokenTest | undefined
}

/** Their names. */
export const ROUTE_OPTIONS: Readonly<Record<keyof RouteOptions, true>> = {
  maxBodyBytes: true,
  allowUnsignedPayload: true,
  allowUnsignedHost: true,
  replay: true,
  optional: true,
  schemes: true,
  tokenPolicy: true,
}

export interface VerifierOptions<Owner = unknown> extends RouteOptions {
  /** Gives the access key of an AK. Without it no signature is accepted. */
  keys?: Keys<Owner> | undefined
  /** @default at most 10,000 keys, each for 1 minute */
  keyCache?: KeyCacheOptions | undefined
  /**
   * Accepts IAM tokens in X-Auth-Token: `keystone({ iamEndpoint, auth })`. As at API Gateway, a request with a token is
   * judged by it, and its signature is not looked at.
   * @default none
   */
  tokens?: TokenSource<Owner> | undefined
  /**
   * Accepts an access key with its secret as Basic credentials, as API Gateway sends them to a backend whose signature key is
   * of the type `basic`. They prove who calls, and nothing about the request, so take them by https alone.
   * @default false
   */
  basic?: boolean | undefined
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
  /**
   * Locks an access key after too many wrong signatures or secrets. `true` locks for 5 minutes after 5 failures in a minute.
   * Beware: anybody who knows an AK, which is no secret, can then lock out its owner.
   * @default false
   */
  lockOut?: LockOut | LockOutOptions | boolean | undefined
  /** Hears of each access key that `lockOut` locks. Its errors are ignored. */
  onLockOut?: ((lock: LockedKey) => unknown) | undefined
  /** How refusals are written. @default "gateway" */
  refusals?: RefusalFormat | undefined
  /** Shows the canonical request in refusals, its secrets masked. For development only. @default false */
  development?: boolean | undefined
  /** Hears of each refusal. Its errors are ignored. */
  onRefusal?: ((refusal: Refusal) => void) | undefined
  /** Hears of each event. Its errors are ignored. */
  onEvent?: ((event: VerifierEvent) => unknown) | undefined
  /** The server's clock, epoch ms. @default Date.now */
  now?: (() => number) | undefined
}

const VERIFIER_OPTIONS: Readonly<Record<keyof VerifierOptions, true>> = {
  keys: true,
  keyCache: true,
  tokens: true,
  basic: true,
  algorithms: true,
  scoped: true,
  regions: true,
  services: true,
  maxSkewMs: true,
  lockOut: true,
  onLockOut: true,
  refusals: true,
  development: true,
  onRefusal: true,
  onEvent: true,
  now: true,
  ...ROUTE_OPTIONS,
}

/** An access key that was locked. */
export interface LockedKey extends Readonly<KeyLock> {
  /** The key that is locked. */
  readonly accessKeyId: string
}

/** The options of a verifier, checked. */
export interface Rules<Owner> {
  readonly receive: ReturnType<typeof createSignatureReader>
  readonly keys: Lookup<string, ReadyKey<Owner>> | undefined
  readonly tokens: TokenSource<Owner> | undefined
  readonly basic: boolean
  readonly algorithms: ReadonlySet<SigningAlgorithm>
  readonly scoped: boolean
  readonly allowsScope: (region: string, service: string) => boolean
  readonly maxSkewMs: number
  /** Remembers requests in this process, for all routes. */
  readonly replayMemory: () => ReplayStore
  readonly lockOut: LockOut | undefined
  /** By access key: the failures that wait for another secret before they count. Absent where none locks a key. */
  readonly undecided: Map<string, number> | undefined
  readonly noteLock: (lock: LockedKey) => void
  /** Makes the refusals of routes that accept these schemes. */
  readonly refusing: (schemes: readonly Scheme[]) => (facts: RefusalFacts) => Refusal
  readonly now: () => number
  readonly events: Events
  readonly keyContext: (accessKeyId: string) => LookupContext
  readonly tokenContext: () => LookupContext
}

/** The guard against replays. */
export interface ReplayGuard {
  readonly store: ReplayStore
  readonly timeoutMs: number
  readonly acceptIfStoreFails: boolean
}

/** The options of a route, checked. */
export interface Policy {
  readonly maxBodyBytes: number
  readonly allowUnsignedPayload: boolean
  readonly allowUnsignedHost: boolean
  readonly replay: ReplayGuard | undefined
  readonly optional: boolean
  readonly schemes: ReadonlySet<Scheme>
  readonly refuse: (facts: RefusalFacts) => Refusal
  /** Of a request that has nothing of what the route accepts. */
  readonly nothingSent: RefusalFacts
  readonly isLetIn: TokenTest | undefined
}

/** @throws {AuthError} `AUTH_INVALID_OPTION` */
export function rulesOf<Owner>(options: VerifierOptions<Owner>, events: Events): Rules<Owner> {
  checkOptions("The options of a verifier", options, VERIFIER_OPTIONS)
  const { algorithms = ["SDK-HMAC-SHA256", "SDK-HMAC-SM3"], scoped = false, regions, services } = options
  const { maxSkewMs = 15 * 60_000, refusals = "gateway", development = false, onRefusal, now = Date.now } = options
  const { keys, tokens, basic = false, lockOut = false, onLockOut, onEvent } = options
  if (!Array.isArray(algorithms) || algorithms.length === 0)
    throw invalidOption("`algorithms` must list at least one algorithm.")
  const unknown = algorithms.find((name) => !isSigningAlgorithm(name))
  if (unknown !== undefined)
    throw invalidOption(`\`algorithms\` lists ${JSON.stringify(unknown)}, which is no algorithm.`)
  if (scoped || algorithms.includes("V11-HMAC-SHA256")) {
    checkNames("regions", regions)
    checkNames("services", services)
  }
  checkNumber("maxSkewMs", maxSkewMs, 0)
  if (typeof now !== "function") throw invalidOption("`now` must be a function, such as Date.now.")
  if (refusals !== "gateway" && refusals !== "problem") throw invalidOption("`refusals` must be gateway or problem.")
  if (tokens !== undefined && typeof tokens?.find !== "function")
    throw invalidOption("`tokens` must be a source of tokens, such as keystone({ iamEndpoint, auth }).")
  if (keys === undefined && tokens === undefined) throw invalidOption("Pass `keys`, `tokens`, or both.")
  checkBooleans({ basic, scoped, development })
  if (basic && keys === undefined) throw invalidOption("`basic` needs `keys`.")
  for (const [name, hook] of Object.entries({ onRefusal, onLockOut, onEvent })) {
    if (hook !== undefined && typeof hook !== "function") throw invalidOption(`\`${name}\` must be a function.`)
  }
  let replayMemory: ReplayStore | undefined
  const silent: LookupContext = { now }
  const toldOfTokens: LookupContext = {
    now,
    told(outcome, durationMs) {
      const answer = ({ present: "valid", absent: "invalid", failed: "failed", stale: "stale" } as const)[outcome]
      events.tell({ type: "token-introspected", outcome: answer, durationMs })
    },
  }
  return {
    receive: createSignatureReader(),
    keys: keys === undefined ? undefined : createKeySource(keys, options.keyCache),
    tokens,
    basic,
    algorithms: new Set(algorithms),
    scoped,
    allowsScope: (region, service) => isNamed(regions, region) && isNamed(services, service),
    maxSkewMs,
    now,
    replayMemory() {
      replayMemory ??= memoryReplayStore({ now })
      return replayMemory
    },
    lockOut: lockOutOf(lockOut, now),
    undecided: Object(lockOut).lockMs === 0 ? undefined : new Map(),
    events,
    keyContext(accessKeyId) {
      if (!events.isHeard()) return silent
      return {
        now,
        told(outcome, durationMs) {
          if (outcome === "stale") return
          const found = outcome === "present" ? "found" : outcome
          events.tell({ type: "key-looked-up", accessKeyId, outcome: found, durationMs })
        },
      }
    },
    tokenContext: () => (events.isHeard() ? toldOfTokens : silent),
    noteLock(lock) {
      if (events.isHeard()) events.tell({ type: "access-key-locked", ...lock })
      calling(onLockOut, lock)
    },
    refusing(schemes) {
      const make = createRefusals(refusals, challengesOf(schemes, tokens?.challenge, algorithms))
      return (facts) => {
        const refusal = make(development ? facts : { ...facts, canonicalRequest: "" })
        calling(onRefusal, refusal)
        return refusal
      }
    },
  }
}

/** A listener decides nothing, so its failure is ignored. */
function calling<T>(listener: ((told: T) => unknown) | undefined, told: T): void {
  if (listener === undefined) return
  const call = async (): Promise<unknown> => listener(told)
  call().catch(() => undefined)
}

function challengesOf(schemes: readonly Scheme[], ofTokens = "Keystone", algorithms: readonly string[]): string {
  const challenges = schemes.includes("signature") ? [...algorithms] : []
  if (schemes.includes("token")) challenges.push(ofTokens)
  if (schemes.includes("basic")) challenges.push('Basic realm="access key", charset="UTF-8"')
  return challenges.join(", ")
}

/** With tokens, in the gateway's words. */
function nothingSentOf(schemes: readonly Scheme[]): RefusalFacts {
  const code = schemes.includes("signature") ? "SIGNATURE_MISSING" : "CREDENTIALS_MISSING"
  if (schemes.includes("token")) return { code, message: "x-auth-token not found" }
  const missing = schemes.includes("signature") ? "Authorization header" : "Basic credentials"
  return { code, message: `the request has no ${missing}` }
}

function lockOutOf(given: LockOut | LockOutOptions | boolean, now: () => number): LockOut | undefined {
  if (given === false) return undefined
  if (given === true) return memoryLockOut({ now })
  if (Object(given) !== given) throw invalidOption("`lockOut` must be true, false, options, or a lock-out of your own.")
  if ("isLocked" in given) {
    const { isLocked, failed, succeeded } = given
    if ([isLocked, failed, succeeded].every((method) => typeof method === "function")) return given
    throw invalidOption("A `lockOut` of your own must have isLocked, failed and succeeded.")
  }
  checkOptions("The options of a lock-out", given, LOCK_OUT_OPTIONS)
  return memoryLockOut(overriding<LockOutOptions>(LOCK_OUT_OPTIONS, { now }, given))
}

function checkNames(name: string, names: unknown): void {
  if (names === "any" || (Array.isArray(names) && names.every((one) => typeof one === "string"))) return
  throw invalidOption(`\`${name}\` must list the ${name} that a signature with a scope may name, or be "any".`)
}

function isNamed(names: readonly string[] | "any" | undefined, name: string): boolean {
  return names === "any" || names?.includes(name) === true
}

/** @throws {AuthError} `AUTH_INVALID_OPTION` */
export function policyOf(route: RouteOptions, rules: Rules<unknown>): Policy {
  const { keys, tokens, basic, replayMemory } = rules
  const { maxBodyBytes = MAX_SIGNED_BODY_BYTES, allowUnsignedPayload = false, allowUnsignedHost = false } = route
  const { replay = false, optional = false, tokenPolicy } = route
  const possible = new Set<Scheme>()
  if (keys !== undefined) possible.add("signature")
  if (basic) possible.add("basic")
  if (tokens !== undefined) possible.add("token")
  const { schemes = [...possible] } = route
  checkNumber("maxBodyBytes", maxBodyBytes, 0)
  checkBooleans({ allowUnsignedPayload, allowUnsignedHost, optional })
  if (!Array.isArray(schemes) || schemes.length === 0 || !schemes.every((scheme) => possible.has(scheme)))
    throw invalidOption(
      `\`schemes\` must list some of ${[...possible].join(", ")}, for which this verifier has its options.`,
    )
  return {
    maxBodyBytes,
    allowUnsignedPayload,
    allowUnsignedHost,
    replay: replayOf(replay, replayMemory),
    optional,
    schemes: new Set(schemes),
    refuse: rules.refusing(schemes),
    nothingSent: nothingSentOf(schemes),
    isLetIn: createTokenTest(tokenPolicy),
  }
}

function replayOf(given: ReplayStore | ReplayOptions | boolean, memory: () => ReplayStore): ReplayGuard | undefined {
  if (given === false) return undefined
  const options = given === true ? { store: memory() } : "remember" in Object(given) ? { store: given } : given
  if ("store" in Object(options)) checkOptions("The members of `replay`", options, REPLAY_OPTIONS)
  const { store, timeoutMs = 1_000, acceptIfStoreFails = false } = Object(options) as ReplayOptions
  if (typeof store?.remember !== "function")
    throw invalidOption("`replay` must be true, false, a store with `remember`, or { store }.")
  checkNumber("replay.timeoutMs", timeoutMs, 1)
  checkBooleans({ "replay.acceptIfStoreFails": acceptIfStoreFails })
  return { store, timeoutMs, acceptIfStoreFails }
}
