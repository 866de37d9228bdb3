import type { Auth, Cloud } from "@countersign/auth-core"
import { type AuthFetch, createFetch, type LibraryFetch } from "@countersign/fetch"
import { CommandError, EXIT_CODES } from "./exit-code.ts"
import { isLoopbackUrl } from "./transport.ts"

export interface GuardChoice {
  readonly host?: readonly string[] | undefined
  readonly cloud?: Cloud | undefined
  readonly allowInsecure?: boolean | undefined
}

const AUTHENTICATION = ["authorization", "x-auth-token"]

/**
 * A fetch for a URL that the user typed. The host of this machine may see the credential; every other host that is not
 * the cloud's must be named. A request that would go out bare is not sent.
 */
export function authenticatedFetchTo(
  url: string,
  auth: Auth,
  { host, cloud, allowInsecure }: GuardChoice,
  send: LibraryFetch,
): AuthFetch {
  let isFirst = true
  const checked: LibraryFetch = (input, init) => {
    const headers = new Headers(init?.headers)
    if (isFirst && !AUTHENTICATION.some((name) => headers.has(name))) throw bareError(new URL(input), cloud)
    isFirst = false
    return send(input, init)
  }
  const hosts = host ?? (isLoopbackUrl(url) ? [new URL(url).host] : undefined)
  return createFetch(auth, { fetch: checked, hosts, cloud, allowInsecure, unlisted: "silent" })
}

function bareError({ protocol, host }: URL, cloud: Cloud | undefined): CommandError {
  const hosts = cloud === undefined ? "Huawei Cloud's own API hosts" : `the API hosts of ${cloud.domain}`
  const message =
    protocol === "http:"
      ? `The credential would cross the network in clear to ${host}: use https, or --allow-insecure in a test.`
      : `${host} is not one of ${hosts}, so it gets no credential: add --host ${host} if it may have one.`
  return new CommandError(EXIT_CODES.usage, message)
}
