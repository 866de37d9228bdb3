import {
  andThen,
  asked,
  isHeaderText,
  isPromise,
  parseBasic,
  type ReceivedSignature,
  type RequestHead,
  selectHeaders,
  UNSIGNED_PAYLOAD,
} from "@countersign/auth-core/adapter"
import { AMBIGUITY } from "./ambiguity.ts"
import { checkOptions, overriding } from "./check-option.ts"
import type { TokenCaller, TokenFacts } from "./identity.ts"
import type { ReadyKey } from "./key-source.ts"
import { type Awaitable, answerOf, inTime, whenAnswered } from "./lookup.ts"
import {
  lockedBy,
  noteSuccess,
  type OpenRequest,
  refuseKey,
  SignedRequest,
  TOO_LARGE,
  UnsignedRequest,
  type Verdict,
} from "./open-request.ts"
import type { Refusal, RefusalFacts } from "./refusal.ts"
import { CARRIER, type CarriedHead } from "./replay-store.ts"
import { expiryText, otherKey, soughtKey } from "./sought-key.ts"
import type { TokenTest } from "./token-policy.ts"
import { createTell, type Events } from "./verifier-event.ts"
import {
  type Policy,
  policyOf,
  ROUTE_OPTIONS,
  type RouteOptions,
  type Rules,
  rulesOf,
  type VerifierOptions,
} from "./verifier-options.ts"
import { watched } from "./watched-request.ts"

/** A request with its whole body. */
export interface CompleteRequest extends RequestHead {
  /** The exact bytes that arrived; text counts as UTF-8. */
  body?: string | Uint8Array | null | undefined
}

/**
 * Checks requests, with one cache of keys. `Optional` is `false` if every request that is accepted has an identity, and
 * `boolean` if authentication may be optional.
 */
export interface Verifier<Owner = unknown, Optional extends boolean = false> {
  /** Whether requests without any authentication pass. */
  readonly optional: Optional
  /** Checks a request. The answer is no promise if key or token is at hand and the replay store answers at once. */
  verify(request: CompleteRequest): Awaitable<Verdict<Owner>>
  /** Checks all that can be checked before the body, so that a body can be checked while it passes. */
  open(head: RequestHead): Awaitable<OpenRequest<Owner> | Refusal>
  /**
   * The same verifier for a route, with the same cache of keys and the same memory of requests. An option that is `undefined`
   * stays as it is.
   *
   * @throws {AuthError} `AUTH_INVALID_OPTION`
   */
  with<const Route extends RouteOptions>(options: Route): Verifier<Owner, OptionalUnder<Route, Optional>>
  /** The refusal of a body that is larger than the route allows; for those who know its size beforehand. */
  refuseSize(bytes: number): Refusal | undefined
}

/** Whether authentication may be optional for a route of a verifier. */
type OptionalUnder<Route, Optional extends boolean> = Route extends unknown
  ? "optional" extends keyof Route
    ? Route["optional"] extends false
      ? false
      : boolean
    : Optional
  : never

/**
 * Prepares the check of requests that callers signed with AK/SK, or sent with an IAM token.
 *
 * @throws {AuthError} `AUTH_INVALID_OPTION`
 * @see API Signing Guide, "AK/SK signing and authentication algorithm"; API Gateway user guide, "Signature Keys"
 */
export function createVerifier<Owner = undefined>(
  options: VerifierOptions<Owner> & { optional?: false | undefined },
): Verifier<Owner>
export function createVerifier<Owner = undefined>(options: VerifierOptions<Owner>): Verifier<Owner, boolean>
export function createVerifier<Owner = undefined>(options: VerifierOptions<Owner>): Verifier<Owner, boolean> {
  return verifierOf(options, createTell(options?.onEvent))
}

/**
 * The same, without events. For a server that runs within the program that it tests, where `countersign` of
 * `node:diagnostics_channel` belongs to that program.
 */
export function createSilentVerifier<Owner = undefined>(
  options: Omit<VerifierOptions<Owner>, "onEvent">,
): Verifier<Owner, boolean> {
  return verifierOf(options, { tell: () => undefined, isHeard: () => false })
}

function verifierOf<Owner>(options: VerifierOptions<Owner>, events: Events): Verifier<Owner, boolean> {
  const rules = rulesOf(options, events)
  const prepare = (route: RouteOptions): Verifier<Owner, boolean> => {
    const policy = policyOf(route, rules)
    const open = (head: RequestHead): Awaitable<OpenRequest<Owner> | Refusal> => {
      const opened = openRequest(head, rules, policy)
      return events.isHeard() ? watched(head, opened, events.tell) : opened
    }
    return {
      optional: policy.optional,
      open,
      verify(request) {
        const opened = open(request)
        // Without a closure where no promise needs it.
        if (isPromise(opened)) return opened.then((one) => ended(one, request))
        return ended(opened, request)
      },
      with<Route extends RouteOptions>(further: Route) {
        checkOptions("The options of a route", further, ROUTE_OPTIONS)
        return prepare(overriding<RouteOptions>(ROUTE_OPTIONS, route, further)) as Verifier<
          Owner,
          OptionalUnder<Route, boolean>
        >
      },
      refuseSize: (bytes) => (bytes > policy.maxBodyBytes ? policy.refuse(TOO_LARGE) : undefined),
    }
  }
  return prepare(overriding<RouteOptions>(ROUTE_OPTIONS, options, {}))
}

function ended<Owner>(opened: OpenRequest<Owner> | Refusal, { body }: CompleteRequest): Awaitable<Verdict<Owner>> {
  return opened.ok ? opened.end(body) : opened
}

type Opened<Owner> = Awaitable<OpenRequest<Owner> | Refusal>

const CREDENTIALS = selectHeaders(["authorization", "x-auth-token"])
const MALFORMED: RefusalFacts = { code: "SIGNATURE_MALFORMED", message: "Unauthorized" }

function openRequest<Owner>(head: CarriedHead, rules: Rules<Owner>, policy: Policy): Opened<Owner> {
  const { tokens, keys, basic } = rules
  const { schemes, optional } = policy
  const ambiguity = head[AMBIGUITY]
  if (ambiguity !== undefined) return policy.refuse({ code: "REQUEST_AMBIGUOUS", message: ambiguity })
  let isOtherSent = false
  // Most verifiers check signatures alone, and need not look at the headers twice.
  if (tokens !== undefined || basic || optional) {
    const sent = asked(() => CREDENTIALS.read(head.headers))
    if (sent === undefined) return policy.refuse(MALFORMED)
    const [authorization, token] = sent
    if (tokens !== undefined && token !== undefined && schemes.has("token"))
      return openWithToken(token, tokens, rules, policy)
    if (keys !== undefined && authorization !== undefined && schemes.has("basic") && /^Basic /i.test(authorization))
      return openWithBasic(authorization, keys, rules, policy)
    isOtherSent = token !== undefined || (authorization !== undefined && !schemes.has("signature"))
  }
  const isAnonymous = optional && !isOtherSent
  if (keys === undefined || !schemes.has("signature"))
    return isAnonymous ? new UnsignedRequest<Owner>(undefined, rules, policy) : policy.refuse(policy.nothingSent)
  const received = rules.receive(head, rules.scoped)
  if (received.ok === false) {
    if (isAnonymous && received.code === "SIGNATURE_MISSING")
      return new UnsignedRequest<Owner>(undefined, rules, policy)
    return policy.refuse(received.code === "SIGNATURE_MISSING" ? policy.nothingSent : received)
  }
  const { accessKeyId } = received
  const time = rules.now()
  const fault = faultBeforeKey(received, rules, policy, time)
  if (fault !== undefined) return policy.refuse({ accessKeyId, ...fault })
  return withKey(accessKeyId, keys, rules, policy, time, (key, isRemembered) =>
    openSigned(received, key, isRemembered, rules, policy, head[CARRIER]),
  )
}

/** AKs have 20 characters or so. Longer ones would fill the cache of keys. */
const LONGEST_ACCESS_KEY_ID = 128

function faultBeforeKey<Owner>(
  received: ReceivedSignature,
  rules: Rules<Owner>,
  policy: Policy,
  time: number,
): RefusalFacts | undefined {
  const { accessKeyId, algorithm, region, service, isHostSigned, payload } = received
  if (accessKeyId.length > LONGEST_ACCESS_KEY_ID) return MALFORMED
  if (!rules.algorithms.has(algorithm))
    return { code: "ALGORITHM_NOT_ALLOWED", message: `the algorithm ${algorithm} is not allowed` }
  if (region !== undefined && service !== undefined && !rules.allowsScope(region, service))
    return { code: "SCOPE_NOT_ALLOWED", message: `the scope ${region}/${service} is not allowed` }
  if (!isHostSigned && !policy.allowUnsignedHost)
    return { code: "HOST_UNSIGNED", message: "the signature does not cover the Host header" }
  const untimely = received.refuseTime(time, rules.maxSkewMs)
  if (untimely !== undefined) return untimely
  if (payload === UNSIGNED_PAYLOAD && !policy.allowUnsignedPayload)
    return { code: "PAYLOAD_UNSIGNED", message: "the signature does not cover the body" }
  return undefined
}

/** Finds the key that a request names, and goes on with it. */
function withKey<Owner>(
  accessKeyId: string,
  keys: NonNullable<Rules<Owner>["keys"]>,
  rules: Rules<Owner>,
  policy: Policy,
  time: number,
  goOn: (key: ReadyKey<Owner>, isRemembered: boolean) => Opened<Owner>,
): Opened<Owner> {
  const locked = lockedBy(rules, accessKeyId)
  if (locked !== undefined) return policy.refuse({ accessKeyId, ...locked })
  const atHand = keys.atHand(accessKeyId, time)
  if (atHand !== undefined && atHand.expiresAt > time) return goOn(atHand, true)
  return andThen(soughtKey(accessKeyId, rules, policy), (one) => {
    if (!("key" in one)) return one
    // Others that waited for the same answer may have failed meanwhile.
    const lockedSince = lockedBy(rules, accessKeyId)
    return lockedSince === undefined ? goOn(one.key, false) : policy.refuse({ accessKeyId, ...lockedSince })
  })
}

function openSigned<Owner>(
  received: ReceivedSignature,
  key: ReadyKey<Owner>,
  isRemembered: boolean,
  rules: Rules<Owner>,
  policy: Policy,
  carrier: object | undefined,
): Opened<Owner> {
  const signed = new SignedRequest(received, key, isRemembered, rules, policy, carrier)
  if (received.payload === undefined) return signed
  return andThen(signed.check(undefined), (refused) => refused ?? signed)
}

function openWithBasic<Owner>(
  authorization: string,
  keys: NonNullable<Rules<Owner>["keys"]>,
  rules: Rules<Owner>,
  policy: Policy,
): Opened<Owner> {
  const sent = parseBasic(authorization)
  if (sent === undefined || sent.accessKeyId.length > LONGEST_ACCESS_KEY_ID) return policy.refuse(MALFORMED)
  const { accessKeyId, secret } = sent
  const judge = (key: ReadyKey<Owner>, isRemembered: boolean): Opened<Owner> => {
    // Basic credentials have no place for a security token.
    const isRight = key.verifying.filter((one) => one.securityToken === undefined && one.hasSecret(secret)).length > 0
    if (isRight) {
      if (rules.lockOut !== undefined) noteSuccess(rules.lockOut, accessKeyId)
      return new UnsignedRequest<Owner>({ scheme: "basic", accessKeyId, owner: key.owner as Owner }, rules, policy)
    }
    const other = isRemembered ? otherKey(accessKeyId, key, rules, policy) : undefined
    return andThen(other, (one): Opened<Owner> => {
      // Others that waited for the same answer may have failed meanwhile.
      const locked = isRemembered ? lockedBy(rules, accessKeyId) : undefined
      if (locked !== undefined) return policy.refuse({ accessKeyId, ...locked })
      if (one !== undefined) return "key" in one ? judge(one.key, false) : one
      return refuseKey(rules, policy, accessKeyId, {
        code: "SIGNATURE_MISMATCH",
        message: "the secret is not that of the key",
      })
    })
  }
  return withKey(accessKeyId, keys, rules, policy, rules.now(), judge)
}

/** For a source of the program; `keystone` has a limit of its own. */
const TOKEN_TIMEOUT_MS = 30_000

function openWithToken<Owner>(
  token: string,
  tokens: NonNullable<Rules<Owner>["tokens"]>,
  rules: Rules<Owner>,
  policy: Policy,
): Opened<Owner> {
  const invalid: RefusalFacts = { code: "TOKEN_INVALID", message: "decrypt token fail" }
  if (!isHeaderText(token)) return policy.refuse(invalid)
  const judge = (caller: TokenCaller<Owner> | null | undefined): OpenRequest<Owner> | Refusal => {
    if (caller === undefined || caller === null) return policy.refuse(invalid)
    if (!(caller.expiresAt > rules.now()))
      return policy.refuse({ code: "TOKEN_EXPIRED", message: expiryText(caller.expiresAt) })
    const barred = policy.isLetIn && barredBy(policy.isLetIn, caller)
    if (barred !== undefined) return policy.refuse(barred)
    return new UnsignedRequest<Owner>({ ...caller, scheme: "token", accessKeyId: undefined }, rules, policy)
  }
  const failed = (cause: unknown): Refusal =>
    policy.refuse({ code: "TOKEN_SOURCE_FAILED", message: "the token cannot be checked now", cause })
  return whenAnswered(
    () => inTime(tokens.find(token, rules.tokenContext()), TOKEN_TIMEOUT_MS, "The token source"),
    judge,
    failed,
  )
}

/** Why a policy does not let a caller in; `undefined` if it does. */
function barredBy(isLetIn: TokenTest, caller: TokenFacts): RefusalFacts | undefined {
  const answer = answerOf(() => isLetIn(caller), "`tokenPolicy`")
  if (answer === true) return undefined
  if (answer === false) return { code: "TOKEN_FORBIDDEN", message: "The IAM user is not authorized to access the API." }
  return { code: "TOKEN_POLICY_FAILED", message: "the caller cannot be judged now", ...answer }
}
