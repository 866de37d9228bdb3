import type { Auth, Cloud } from "@countersign/auth-core"
import { type AuthFetch, createFetch, type LibraryFetch } from "@countersign/fetch"
import { CommandError, EXIT_CODES } from "./exit-code.ts"
import { isLoopbackUrl } from "./transport.ts"

export interface GuardChoice {
  readonly host?: readonly string[] | undefined
  readonly cloud?: Cloud | undefined
  readonly allowInsecure?: boolean | undefined
  /** Headers that the request must have. */
  readonly signedHeader?: readonly string[] | undefined
}

const AUTHENTICATION = ["authorization", "x-auth-token"]

/**
 * A fetch for a URL that the user typed. The host of this machine may see the credential; every other host that is not
 * the cloud's must be named. A request that would go out bare is not sent.
 */
export function authenticatedFetchTo(
  url: string,
  auth: Auth,
  { host, cloud, allowInsecure, signedHeader = [] }: GuardChoice,
  send: LibraryFetch,
): AuthFetch {
  let isFirst = true
  const checked: LibraryFetch = (input, init) => {
    const headers = new Headers(init?.headers)
    if (isFirst && !AUTHENTICATION.some((name) => headers.has(name))) throw bareError(new URL(input), cloud)
    const absent = isFirst ? signedHeader.find((name) => !headers.has(name)) : undefined
    if (absent !== undefined) throw absentError(absent)
    isFirst = false
    return send(input, init)
  }
  const hosts = host ?? (isLoopbackUrl(url) ? [new URL(url).host] : undefined)
  return createFetch(auth, { fetch: checked, hosts, cloud, allowInsecure, unlisted: "silent" })
}

/** An auth signs only what is there, so a nonce would be missing without a word. */
function absentError(name: string): CommandError {
  return new CommandError(
    EXIT_CODES.usage,
    `The request has no header ${name} to sign: add -H '${name}: <value>', or leave out --signed-header ${name}.`,
  )
}

function bareError({ protocol, host }: URL, cloud: Cloud | undefined): CommandError {
  const hosts = cloud === undefined ? "Huawei Cloud's own API hosts" : `the API hosts of ${cloud.domain}`
  const message =
    protocol === "http:"
      ? `The credential would cross the network in clear to ${host}: use https, or --allow-insecure in a test.`
      : `${host} is not one of ${hosts}, so it gets no credential: add --host ${host} if it may have one.`
  return new CommandError(EXIT_CODES.usage, message)
}
