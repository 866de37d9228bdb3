import type { Auth } from "@countersign/auth-core"
import { type AuthFetch, createFetch, type LibraryFetch } from "@countersign/fetch"
import { CommandError, EXIT_CODES } from "./exit-code.ts"
import { isLoopbackUrl } from "./transport.ts"

export interface GuardChoice {
  readonly host?: readonly string[] | undefined
  readonly allowInsecure?: boolean | undefined
}

const AUTHENTICATION = ["authorization", "x-auth-token"]

/**
 * A fetch for a URL that the user typed. The host of this machine may see the credential; every other host that is not
 * Huawei Cloud's must be named. A request that would go out bare is not sent.
 */
export function authenticatedFetchTo(
  url: string,
  auth: Auth,
  { host, allowInsecure }: GuardChoice,
  send: LibraryFetch,
): AuthFetch {
  let isFirst = true
  const checked: LibraryFetch = (input, init) => {
    const headers = new Headers(init?.headers)
    if (isFirst && !AUTHENTICATION.some((name) => headers.has(name))) throw bareError(new URL(input))
    isFirst = false
    return send(input, init)
  }
  const hosts = host ?? (isLoopbackUrl(url) ? [new URL(url).host] : undefined)
  return createFetch(auth, { fetch: checked, hosts, allowInsecure, unlisted: "silent" })
}

function bareError({ protocol, host }: URL): CommandError {
  const message =
    protocol === "http:"
      ? `The credential would cross the network in clear to ${host}: use https, or --allow-insecure in a test.`
      : `${host} is not one of Huawei Cloud's own API hosts, so it gets no credential: add --host ${host} if it may have one.`
  return new CommandError(EXIT_CODES.usage, message)
}
