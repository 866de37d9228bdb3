import type { CacheEvent } from "../cache/cache-options.ts"
import { AuthError } from "../errors/auth-error.ts"
import type { Token } from "../identity/credentials.ts"
import type { TokenProvider } from "../identity/provider.ts"
import type { Clock, WallClock } from "../runtime/clock.ts"
import { isHeaderText } from "../runtime/http.ts"
import { andThen } from "../runtime/promises.ts"
import type { Auth, Authentication } from "./auth.ts"
import type { CacheOption, RenewableCredential } from "./cached-credential.chunk.ts"
import { fixedCredential, lazyCredential } from "./lazy-credential.ts"

/** Options of {@link tokenAuth}. */
export interface TokenAuthOptions {
  /**
   * Names the owner of the credential to people, in events.
   * @default the label of the provider, such as `token of operator @ my-company`
   */
  label?: string | undefined
  /**
   * Receives the events of a cache of this auth alone, unless `cache` has an `onEvent` of its own. They hold no secret.
   */
  onEvent?: ((event: CacheEvent) => unknown) | undefined
  /**
   * The cache for tokens: one that many auths share, or options for a cache of this auth alone, such as `{ backoff:
   * false }`.
   * @default a cache of this auth alone
   */
  cache?: CacheOption | undefined
  /** @default the machine's clock */
  clock?: Clock | undefined
}

/**
 * Authenticates with an IAM token in X-Auth-Token. Bodies of any size and kind are sent unchanged.
 *
 * A 401 causes one refresh, shared by all requests with the same token, and the request is sent once more. After a late
 * 401 for an older token, the request is only sent once more. A fixed token is never refreshed. The text of a token is a
 * fixed token whose end is not known: it is used until it is refused.
 *
 * @throws {AuthError} `AUTH_INVALID_CREDENTIALS` for a malformed token; `AUTH_CREDENTIALS_EXPIRED`, before anything is
 * sent, after the end of a fixed token.
 * @see IAM API reference, "Obtaining a User Token Through Password Authentication"
 */
export function tokenAuth(given: string | Token | TokenProvider, options: TokenAuthOptions = {}): Auth {
  const tokenOrProvider = typeof given === "string" ? ({ value: given } as Token) : given
  const isProvided = typeof tokenOrProvider === "function"
  const tokens = isProvided ? lazyCredential(tokenOrProvider, options) : fixedToken(tokenOrProvider, options)
  // Takes 97 % less for a token of 4 kB. Written by hand, since `rememberLast` would add 40 bytes to programs that sign nothing.
  let last: Authentication<Token> | undefined
  const authenticationFor = (token: Token): Authentication<Token> => {
    if (last?.used !== token) last = authenticationOf(token)
    return last
  }
  // A malformed token fails at construction.
  if (!isProvided) authenticationFor(tokenOrProvider)
  return {
    label: options.label ?? (isProvided ? tokenOrProvider.label : undefined),
    bodyLimit: () => undefined,
    beyondLimit: undefined,
    authenticate: ({ signal }) => andThen(tokens.current(signal), authenticationFor),
    judge({ used }, rejection, signal) {
      return rejection.status === 401 && tokens.renew(used as Token, rejection, signal)
    },
    accepted: ({ used }, url) => tokens.accepted(used as Token, url),
  }
}

/** Refuses an expired token before it is sent. */
function fixedToken(
  token: Token,
  { clock = { now: () => Date.now() } }: { readonly clock?: WallClock | undefined },
): RenewableCredential<Token> {
  return fixedCredential(() => {
    if (token.expiresAt <= clock.now()) {
      throw new AuthError(
        "AUTH_CREDENTIALS_EXPIRED",
        `The token expired at ${new Date(token.expiresAt).toISOString()}: pass a new one, or a provider.`,
      )
    }
    return token
  })
}

function authenticationOf(token: Token): Authentication<Token> {
  const fault = !isHeaderText(token?.value)
    ? "a `value` of visible ASCII characters"
    : token.expiresAt !== undefined && token.expiresAt !== Infinity && !Number.isFinite(token.expiresAt)
      ? "an `expiresAt` in epoch milliseconds"
      : undefined
  if (fault !== undefined) throw new AuthError("AUTH_INVALID_CREDENTIALS", `A token needs ${fault}.`)
  return { headers: { "x-auth-token": token.value }, used: token }
}
