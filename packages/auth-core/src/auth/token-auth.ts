import type { CacheEvent } from "../cache/cache-options.ts"
import { AuthError } from "../errors/auth-error.ts"
import type { Token } from "../identity/credentials.ts"
import type { TokenProvider } from "../identity/provider.ts"
import type { Clock, WallClock } from "../runtime/clock.ts"
import { isHeaderText } from "../runtime/header-text.ts"
import { andThen } from "../runtime/promises.ts"
import type { Auth, Authentication } from "./auth.ts"
import type { CacheOption } from "./cached-credential.chunk.ts"
import { lazyCredential } from "./lazy-credential.ts"

export interface TokenAuthOptions {
  /**
   * Whose credential it is, for people to read: in events.
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
 * 401 for an older token, the request is only sent once more. A fixed token is never refreshed.
 *
 * @throws {AuthError} `AUTH_INVALID_CREDENTIALS` for a malformed token; `AUTH_CREDENTIALS_EXPIRED`, before anything is
 * sent, after the end of a fixed token.
 * @see IAM API reference, "Obtaining a User Token Through Password Authentication"
 */
export function tokenAuth(tokenOrProvider: Token | TokenProvider, options: TokenAuthOptions = {}): Auth {
  return typeof tokenOrProvider === "function"
    ? providedToken(tokenOrProvider, options)
    : fixedToken(tokenOrProvider, options)
}

interface FixedTokenOptions extends Pick<TokenAuthOptions, "label"> {
  clock?: WallClock | undefined
}

function fixedToken(token: Token, { clock = { now: () => Date.now() }, label }: FixedTokenOptions): Auth {
  const authentication = authenticationOf(token)
  if (token.expiresAt !== undefined && !Number.isFinite(token.expiresAt)) {
    throw new AuthError("AUTH_INVALID_CREDENTIALS", "The `expiresAt` of a token must be epoch milliseconds.")
  }
  return {
    label,
    bodyLimit: () => undefined,
    beyondLimit: undefined,
    authenticate() {
      if (token.expiresAt <= clock.now()) {
        throw new AuthError(
          "AUTH_CREDENTIALS_EXPIRED",
          `The token expired at ${new Date(token.expiresAt).toISOString()}: pass a new one, or a provider.`,
        )
      }
      return authentication
    },
    judge: () => false,
  }
}

function providedToken(provider: TokenProvider, options: TokenAuthOptions): Auth {
  const tokens = lazyCredential(provider, options)
  let last: Authentication<Token> | undefined
  const authenticationFor = (token: Token): Authentication<Token> => {
    if (last?.used !== token) last = authenticationOf(token)
    return last
  }
  return {
    label: options.label ?? provider.label,
    bodyLimit: () => undefined,
    beyondLimit: undefined,
    authenticate: ({ signal }) => andThen(tokens.current(signal), authenticationFor),
    judge({ used }, rejection, signal) {
      return rejection.status === 401 && tokens.renew(used as Token, rejection, signal)
    },
    accepted: ({ used }, url) => tokens.accepted(used as Token, url),
  }
}

function authenticationOf(token: Token): Authentication<Token> {
  if (!isHeaderText(token?.value)) {
    throw new AuthError(
      "AUTH_INVALID_CREDENTIALS",
      "A token needs a `value` of visible ASCII characters, like X-Subject-Token.",
    )
  }
  return { headers: { "x-auth-token": token.value }, used: token }
}
