import {
  type Auth,
  AuthError,
  authenticatedFetch,
  type Cloud,
  createIamGuard,
  type Fetch,
  invalidOption,
  type LibraryFetch,
  LONGEST_TIMER_MS,
  listAt,
  parseJson,
  randomHmac,
  readErrorFields,
  resolveEndpoint,
  type Token,
  type TokenProvider,
  textAt,
  timeAt,
  tokenAuth,
} from "@countersign/auth-core/adapter"
import { checkNumber, checkOptions } from "./check-option.ts"
import type { Named, TokenCaller, TokenFacts, TokenUser } from "./identity.ts"
import { type Awaitable, createLookup } from "./lookup.ts"
import type { TokenSource } from "./token-source.ts"

/** Options of {@link keystone}. */
export interface KeystoneOptions<Owner = undefined> {
  /**
   * Origin of IAM, such as `https://iam.ap-southeast-1.myhuaweicloud.com`, or of a Keystone.
   * @default HUAWEICLOUD_SDK_IAM_ENDPOINT, else that of `region`, else `https://iam.myhuaweicloud.com`
   */
  iamEndpoint?: string | undefined
  /** The region whose IAM is asked. */
  region?: string | undefined
  /** The cloud whose IAM is asked. @default Huawei Cloud */
  cloud?: Cloud | undefined
  /**
   * The service's own authentication at IAM: a token provider such as `passwordToken(...)`, a token, or any auth. Its user
   * must be allowed to check the tokens of others. Its token is cached and renewed, as for any request.
   */
  auth: Auth | TokenProvider | Token | string
  /**
   * Gives the owner of a caller, which ends up on the identity of the request. It is asked once for each answer of IAM. If it
   * fails, the request is refused with 503.
   * @default none
   */
  owner?: ((caller: TokenFacts) => Awaitable<Owner>) | undefined
  /** How long a token counts as valid before IAM is asked again, milliseconds; not beyond its end. @default 300_000 */
  maxAgeMs?: number | undefined
  /** How long a token counts as invalid before IAM is asked again, milliseconds. @default 10_000 */
  invalidMaxAgeMs?: number | undefined
  /**
   * How much longer than `maxAgeMs` a token counts as valid while IAM fails, milliseconds; not beyond its end. A token that
   * was revoked meanwhile works as long. @default 0
   */
  staleIfDownMs?: number | undefined
  /** The most tokens to remember, and the most invalid ones. The oldest give way. @default 10_000 */
  maxEntries?: number | undefined
  /** How long IAM may take, milliseconds; then the request is refused with 503. @default 5_000 */
  timeoutMs?: number | undefined
  /** Asks IAM. @default the global fetch */
  fetch?: LibraryFetch | undefined
  /** Allows plain http to other machines, which exposes tokens. @default false */
  allowInsecure?: boolean | undefined
}

const KEYSTONE_OPTIONS: Readonly<Record<keyof KeystoneOptions, true>> = {
  iamEndpoint: true,
  region: true,
  cloud: true,
  auth: true,
  owner: true,
  maxAgeMs: true,
  invalidMaxAgeMs: true,
  staleIfDownMs: true,
  maxEntries: true,
  timeoutMs: true,
  fetch: true,
  allowInsecure: true,
}

/**
 * Asks IAM, or a Keystone, whose a token is: `GET /v3/auth/tokens` with X-Subject-Token.
 *
 * Answers are kept by a keyed hash of the token, never by the token. IAM is asked about a token once at a time.
 *
 * @throws {AuthError} `AUTH_INVALID_OPTION`, `AUTH_INVALID_CREDENTIALS` or `AUTH_INSECURE_URL`, at once. `find` of the result
 * fails with an AuthError, or that of `fetch`.
 * @see IAM API reference, "Verifying a Token"
 */
export function keystone<Owner = undefined>(options: KeystoneOptions<Owner>): TokenSource<Owner> {
  checkOptions("The options of `keystone`", options, KEYSTONE_OPTIONS)
  const { maxAgeMs = 300_000, invalidMaxAgeMs = 10_000, staleIfDownMs = 0 } = options
  const { maxEntries = 10_000, timeoutMs = 5_000, fetch, allowInsecure } = options
  for (const [name, value] of Object.entries({ maxAgeMs, invalidMaxAgeMs, staleIfDownMs })) checkNumber(name, value, 0)
  checkNumber("maxEntries", maxEntries, 1)
  checkNumber("timeoutMs", timeoutMs, 1)
  if (fetch !== undefined && typeof fetch !== "function") throw invalidOption("`fetch` must be a function.")
  const { owner: ownerOf } = options
  if (ownerOf !== undefined && typeof ownerOf !== "function") throw invalidOption("`owner` must be a function.")
  const { iamEndpoint: endpoint, region, cloud } = options
  const origin = resolveEndpoint({ endpoint, option: "iamEndpoint", region, cloud, allowInsecure })
  const url = `${origin}/v3/auth/tokens?nocatalog=true`
  const auth = authOf(options.auth)
  const guard = createIamGuard(url)

  async function ask(token: string): Promise<TokenCaller<Owner> | undefined> {
    const response = await authenticatedFetch(
      () => auth,
      url,
      {
        headers: { accept: "application/json", "x-subject-token": token },
        // A redirect would carry the token elsewhere.
        redirect: "manual",
        signal: AbortSignal.timeout(Math.min(timeoutMs, LONGEST_TIMER_MS)),
      },
      { key: "auth", fetch: (fetch ?? globalThis.fetch) as Fetch, guard },
    )
    const facts = readAnswer(origin, response.status, await response.text())
    // Without the option, Owner is undefined.
    return facts && Object.freeze({ ...facts, owner: (await ownerOf?.(facts)) as Owner })
  }

  // Made by the first request, since Workers have random numbers only then.
  let hmac: ReturnType<typeof randomHmac> | undefined
  const lookup = createLookup<string, TokenCaller<Owner>>({
    nameOf(token) {
      hmac ??= randomHmac()
      return hmac(token)
    },
    ask,
    freshUntil: (caller, time) =>
      caller === undefined ? time + invalidMaxAgeMs : Math.min(time + maxAgeMs, caller.expiresAt),
    staleUntil: ({ expiresAt }, time) => Math.min(time + maxAgeMs + staleIfDownMs, expiresAt),
    maxEntries,
    timeoutMs,
    source: "IAM",
  })
  return { challenge: `Keystone uri="${origin}"`, find: lookup.find }
}

function authOf(given: KeystoneOptions<unknown>["auth"]): Auth {
  const { authenticate, judge } = Object(given)
  if (typeof authenticate === "function" && typeof judge === "function") return given as Auth
  if (typeof given === "function" || typeof given === "string" || Object(given) === given) {
    return tokenAuth(given as TokenProvider)
  }
  throw invalidOption("`auth` must be a token provider such as passwordToken(...), a token, or an auth.")
}

/**
 * @returns the caller, or `undefined` if IAM says that the token is none
 * @throws {AuthError} if IAM says anything else
 */
function readAnswer(endpoint: string, status: number, text: string): TokenFacts | undefined {
  const failed = (code: AuthError["code"], what: string, cure: string): AuthError =>
    new AuthError(code, `Asking IAM about a token failed: ${endpoint} answered ${what}. ${cure}`, { status, endpoint })
  if (status === 200) {
    const facts = factsIn(parseJson(text))
    if (facts !== undefined) return facts
    throw failed("AUTH_TOKEN_RESPONSE_INVALID", "no readable token", "Check that the endpoint belongs to IAM.")
  }
  // IAM may quote the token in its message, so only its code is told.
  const { errorCode } = readErrorFields(text)
  // Keystone answers 404, with a body of its own. A page of another server says nothing about the token.
  if ((status === 404 && errorCode !== undefined && /^(404|IAM\.)/.test(errorCode)) || errorCode === "IAM.0009") {
    return undefined
  }
  const what = errorCode === undefined ? `HTTP ${status}` : `HTTP ${status}, ${errorCode}`
  if (status === 401 || status === 403) {
    throw failed("AUTH_CREDENTIALS_REJECTED", what, "Pass an `auth` whose user may check the tokens of others.")
  }
  if (status === 429) throw failed("AUTH_THROTTLED", what, "Raise `maxAgeMs` to ask less often.")
  if (status >= 500) throw failed("AUTH_TOKEN_REQUEST_FAILED", what, "Try again later.")
  throw failed("AUTH_TOKEN_RESPONSE_INVALID", what, "Check the endpoint and any proxy in front of it.")
}

/** `undefined` if a part is missing that a decision may depend on. The result is frozen, since requests share it. */
function factsIn(body: unknown): TokenFacts | undefined {
  const user = userAt(body, "token", "user")
  const expiresAt = timeAt(body, "token", "expires_at")
  if (user === undefined || expiresAt === undefined) return undefined
  const project = namedAt(body, "token", "project")
  return Object.freeze({
    user,
    domain: namedAt(body, "token", "domain") ?? namedAt(body, "token", "project", "domain"),
    project,
    roles: Object.freeze(listAt(body, "token", "roles").flatMap((role) => textAt(role, "name") ?? [])),
    assumedBy: userAt(body, "token", "assumed_by", "user"),
    methods: Object.freeze(listAt(body, "token", "methods").filter((method) => typeof method === "string")),
    issuedAt: timeAt(body, "token", "issued_at"),
    expiresAt,
  })
}

function userAt(body: unknown, ...path: string[]): TokenUser | undefined {
  const named = namedAt(body, ...path)
  const domain = namedAt(body, ...path, "domain")
  return named && domain && Object.freeze({ ...named, domain })
}

function namedAt(body: unknown, ...path: string[]): Named | undefined {
  const id = textAt(body, ...path, "id")
  const name = textAt(body, ...path, "name")
  return id === undefined || name === undefined ? undefined : Object.freeze({ id, name })
}
