import { AuthError, isAuthError } from "../errors/auth-error.ts"
import { isHeaderText, isLoopback } from "../runtime/http.ts"
import { isPromise } from "../runtime/promises.ts"
import { type AkskAuth, type AkskAuthOptions, akskAuth } from "./aksk-auth.ts"
import type { Auth } from "./auth.ts"

/** The credentials of an app of API Gateway. */
export interface AppKey {
  /** AppKey: the public half. */
  key: string
  /** AppSecret: the secret half. It never leaves the process. */
  secret: string
}

/** Options of {@link appAuth}: those of `akskAuth` that make sense for an app. */
export type AppAuthOptions = Pick<
  AkskAuthOptions,
  "label" | "signedHeaders" | "unsignedPayload" | "onEvent" | "onClockOffset" | "clock"
>

/**
 * Signs each attempt for an API of a customer on API Gateway, with AppKey and AppSecret. It works as {@link akskAuth} does.
 * List the host of the API in `hosts`, or give it as the client's base URL: customers' hosts are not on the default list.
 *
 * @throws {AuthError} `AUTH_INVALID_CREDENTIALS`, at once; and as {@link akskAuth}
 * @see API Gateway user guide, "App Authentication"
 */
export function appAuth(app: AppKey, options: AppAuthOptions = {}): AkskAuth {
  const { key, secret } = Object(app) as Partial<AppKey>
  if (typeof key !== "string" || typeof secret !== "string") {
    throw new AuthError("AUTH_INVALID_CREDENTIALS", "appAuth needs the texts `key` (AppKey) and `secret` (AppSecret).")
  }
  const { label, signedHeaders, unsignedPayload, onEvent, onClockOffset, clock } = options
  const signing = { label, signedHeaders, unsignedPayload, onEvent, onClockOffset, clock }
  const auth = inWordsOfApps(() => akskAuth({ accessKeyId: key, secretAccessKey: secret }, signing))
  return {
    ...auth,
    authenticate: (attempt) =>
      inWordsOfApps(() => {
        const authentication = auth.authenticate(attempt)
        return isPromise(authentication) ? authentication.catch(throwInWordsOfApps) : authentication
      }),
  }
}

function inWordsOfApps<T>(act: () => T): T {
  try {
    return act()
  } catch (error) {
    throwInWordsOfApps(error)
  }
}

const WORDS: Readonly<Record<string, string>> = {
  "`accessKeyId`": "`key` (AppKey)",
  "`secretAccessKey`": "`secret` (AppSecret)",
  "access key": "AppKey",
  AK: "AppKey",
  SK: "AppSecret",
}

function throwInWordsOfApps(error: unknown): never {
  if (!isAuthError(error)) throw error
  const message = error.message.replaceAll(/`\w+`|access key(?= )|\b[AS]K\b/g, (word) => WORDS[word] ?? word)
  throw new AuthError(error.code, message, { ...error, cause: error.cause })
}

/**
 * Sends an AppCode in X-Apig-AppCode to an API on API Gateway that allows simple authentication. Nothing is signed, so bodies
 * of any size and kind are sent unchanged. The code is a secret: it goes by https alone, or to
 * this machine, even if the client allows plain http. A refused code is never sent again on its own.
 *
 * `label` names the owner of the code to people, in events.
 * @throws {AuthError} `AUTH_INVALID_CREDENTIALS`, at once; `AUTH_INSECURE_URL` before anything is sent
 * @see API Gateway user guide, "Simple Authentication"
 */
export function appCodeAuth(code: string, { label }: Pick<AkskAuthOptions, "label"> = {}): Auth {
  if (!isHeaderText(code)) {
    throw new AuthError("AUTH_INVALID_CREDENTIALS", "An AppCode must be a text of visible ASCII characters.")
  }
  return {
    label,
    bodyLimit: () => undefined,
    beyondLimit: undefined,
    authenticate({ url }) {
      const { protocol, hostname, origin } = new URL(url)
      if (protocol !== "https:" && !isLoopback(hostname)) {
        throw new AuthError("AUTH_INSECURE_URL", `${origin} would get the AppCode unencrypted: call it by https.`)
      }
      return { headers: { "x-apig-appcode": code }, used: undefined }
    },
    judge: () => false,
  }
}
