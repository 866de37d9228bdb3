import {
  type Auth,
  AuthError,
  authenticatedFetch,
  createGate,
  functionBeneath,
  type GuardOptions,
  putAbove,
  urlIfValid,
} from "@countersign/auth-core/adapter"
import type { Hooks, KyInstance, Options } from "ky"

declare module "ky" {
  interface Options {
    /** Another auth for this request, or `false` for none. Omit it to use that of `withAuth`; `undefined` is refused. */
    countersign?: Auth | false
  }
}

type KyFetch = NonNullable<Options["fetch"]>
type InitHook = NonNullable<Hooks["init"]>[number]

/** The name of the base URL in ky 1. */
interface OlderOptions {
  prefixUrl?: string | URL | undefined
}

/**
 * A ky instance whose requests go out authenticated: each attempt and retry, each redirect hop, and one replay after a 401
 * that a fresh token or the right time cures. The given instance is not changed. Its `fetch` option, if any, still sends.
 *
 * @param auth with `false` each request must bring its own as `countersign`, or it is refused with `AUTH_INVALID_OPTION`.
 * @throws {AuthError} `AUTH_INVALID_OPTION` for a malformed host list, or anything but an auth or `false`. A request that
 * cannot be authenticated rejects with an AuthError before anything is sent.
 */
export function withAuth(client: KyInstance, auth: Auth | false, options: GuardOptions = {}): KyInstance {
  return authenticatedInstance(client, createAuthenticating(auth, options))
}

/** The methods of an instance that send a request. */
const SENDING = ["get", "post", "put", "patch", "head", "delete", "query"] as const

/** Set on an instance that authenticates: the instance beneath it. */
const plain = Symbol("ky")

/** The init hooks that authenticate. */
const authenticatingHooks = new WeakSet<InitHook>()

/**
 * Wraps the methods that send, because later extensions and the options of a request are known only when it is made. An
 * init hook would see them too, but makes ky copy the caller's `json`.
 *
 * @param earlier the init hooks that were there before the auth.
 */
function authenticatedInstance(
  client: KyInstance & { [plain]?: KyInstance },
  authenticating: Authenticating,
  earlier?: readonly InitHook[],
): KyInstance {
  let defaults: Options = {}
  const base = (client[plain] ?? client).extend((known) => {
    defaults = known
    return { fetch: authenticating(known) }
  })
  const before = earlier ?? defaults.hooks?.init ?? []
  const withFetch = (own: Options | undefined): Options | undefined => {
    // ky reports the error.
    if (own !== undefined && typeof own !== "object") return own
    const fetch = authenticating({ ...defaults, ...own })
    const { hooks } = own ?? {}
    const init = hooks?.init ?? []
    const others = [...(defaults.hooks?.init ?? []), ...init]
    // Other init hooks may change the options seen here, so a hook of ours runs last. An auth that was added later wins.
    if (others.length === 0 || others.some((hook) => authenticatingHooks.has(hook) && !before.includes(hook))) {
      return { ...own, fetch }
    }
    return { ...own, fetch, hooks: { ...hooks, init: [...init, initHook(authenticating)] } }
  }
  const sending =
    (send: KyInstance["get"]): KyInstance["get"] =>
    (input, own) =>
      send(input, withFetch(own))
  const extend: KyInstance["extend"] = (own) => authenticatedInstance(base.extend(own), authenticating, before)
  const instance: KyInstance = Object.assign(sending(base), base, { [plain]: base, extend })
  for (const name of SENDING) if (name in base) instance[name] = sending(base[name])
  return instance
}

/**
 * The same as hooks: `ky.extend({ hooks: authHooks(auth) })`. Some ky 1 releases show hooks a frozen copy of the options.
 * With those each request fails with an AuthError: use {@link withAuth}.
 */
export function authHooks(auth: Auth | false, options: GuardOptions = {}): Hooks {
  const authenticating = createAuthenticating(auth, options)
  // ky 1 has no init hooks, but passes its own options to this hook before each attempt.
  const olderHook = (_stateOrRequest: unknown, own?: Options): void => {
    if (own === undefined) return
    if (Object.isFrozen(own)) {
      throw new AuthError(
        "AUTH_INVALID_OPTION",
        "This release of ky keeps hooks from authenticating each attempt: use withAuth(ky, auth) in place of authHooks, or ky 2.",
      )
    }
    own.fetch = authenticating(own)
  }
  const init = initHook(authenticating)
  authenticatingHooks.add(init)
  return { init: [init], beforeRequest: [olderHook] }
}

function initHook(authenticating: Authenticating): InitHook {
  return (options) => {
    options.fetch = authenticating(options)
  }
}

/** Returns the fetch for a set of options. It is called once per attempt, with the request as it will be sent. */
type Authenticating = (options: Options) => KyFetch

function createAuthenticating(auth: Auth | false, guardOptions: GuardOptions): Authenticating {
  const [authFor, guard] = createGate("countersign", auth, guardOptions)
  return (options) => {
    const own = functionBeneath(options.fetch)
    const baseUrl = baseUrlOf(options)
    return putAbove<KyFetch>(own, (input, init) =>
      authenticatedFetch(authFor, input, init, {
        key: "countersign",
        fetch: own ?? globalThis.fetch,
        guard,
        baseUrl,
      }),
    )
  }
}

function baseUrlOf({ prefix, prefixUrl, baseUrl }: Options & OlderOptions): string | undefined {
  const base = urlIfValid(baseUrl)
  return (urlIfValid(prefix || prefixUrl, base) ?? base)?.href
}
