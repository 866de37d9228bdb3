import {
  type Auth,
  authenticatedFetch,
  createGate,
  type Fetch,
  type FetchInit,
  type GuardOptions,
  type LibraryFetch,
} from "@countersign/auth-core/adapter"

/** The init of fetch, with the auth of this one request. */
export interface AuthRequestInit extends FetchInit {
  /** Another auth for this request, or `false` for none. Omit it to use that of `createFetch`; `undefined` is refused. */
  auth?: Auth | false
}

/** The members of a runtime's fetch, such as `preconnect` in Bun. */
type FetchMembers = { [Name in keyof typeof globalThis.fetch]: (typeof globalThis.fetch)[Name] }

/** A fetch that authenticates. It works wherever a fetch does. */
export type AuthFetch = ((input: string | URL | Request, init?: AuthRequestInit) => Promise<Response>) & FetchMembers

/** Options of {@link createFetch}. */
export interface FetchOptions extends GuardOptions {
  /** The fetch that sends: the platform's, or that of a library. @default `globalThis.fetch`, looked up at each request */
  fetch?: LibraryFetch | undefined
}

/**
 * A fetch whose requests go out authenticated: the first attempt, each redirect hop, and one replay after a 401 that a
 * fresh token or the right time cures.
 *
 * @param auth with `false` each request must bring its own as `auth`, or it is refused with `AUTH_INVALID_OPTION`.
 * @throws {AuthError} (as a rejection, before anything is sent) when a request cannot be authenticated.
 * @throws {AuthError} `AUTH_INVALID_OPTION`, at once, for a malformed host list, or anything but an auth or `false`.
 */
export function createFetch(auth: Auth | false, options: FetchOptions = {}): AuthFetch {
  const [authFor, guard] = createGate("auth", auth, options)
  const platform = globalThis.fetch
  const send = (input: string | URL | Request, init?: AuthRequestInit): Promise<Response> => {
    // The global fetch may be this one by now.
    const { fetch = globalThis.fetch === authFetch ? platform : globalThis.fetch } = options
    // Set, so that a polluted Object.prototype gives no base URL.
    return authenticatedFetch(authFor, input, init, { key: "auth", fetch: fetch as Fetch, guard, baseUrl: undefined })
  }
  const authFetch = Object.assign(send, (options.fetch ?? platform) as FetchMembers)
  return authFetch
}

/**
 * Wraps a fetch, so that its requests go out authenticated. The wrapped function is not changed.
 *
 * @see createFetch
 */
export function withAuth<F extends LibraryFetch>(
  fetch: F,
  auth: Auth | false,
  options: GuardOptions = {},
): F & AuthFetch {
  return createFetch(auth, { ...options, fetch }) as F & AuthFetch
}
