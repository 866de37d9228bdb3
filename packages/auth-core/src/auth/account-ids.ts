import type { IamOptions } from "../iam/iam-connection.ts"
import type { Credentials } from "../identity/credentials.ts"
import { lazily } from "../identity/lazily.ts"
import type { HeaderRecord } from "../signing/signed-headers.ts"
import type { CachingOptions } from "./cache-of.ts"

export interface AccountIdOptions {
  /**
   * Sent as X-Project-Id and signed, unless the request has one. `"auto"`: the one that comes with the credentials, else
   * looked up by the name of the region (the option, else that in the request's host) and kept.
   */
  projectId?: "auto" | (string & {}) | undefined
  /**
   * Sent as X-Domain-Id and signed, unless the request has one; global services need it. `"auto"`: the one that comes with
   * the credentials, else looked up and kept.
   */
  domainId?: "auto" | (string & {}) | undefined
  /** Such as `cn-north-4`. Project lookups and V11-HMAC-SHA256 need it. */
  region?: string | undefined
  /** How IAM is reached for lookups. */
  iam?: IamOptions | undefined
}

/** X-Project-Id and X-Domain-Id of a request, as far as they are wanted: at once when they are known. */
export type AccountIdHeaders = (
  url: string,
  request: HeaderRecord,
  credentials: Credentials,
  signal?: AbortSignal,
) => HeaderRecord | Promise<HeaderRecord>

type Id = string | undefined | Promise<string>

/** @param current gives the credentials that look up */
export function accountIdHeaders(
  options: AccountIdOptions & CachingOptions,
  current: (signal?: AbortSignal) => Credentials | Promise<Credentials>,
): AccountIdHeaders {
  const { projectId, domainId } = options
  const load = lazily(async () => {
    const { accountIdLookup } = await import("./account-id-lookup.ts")
    return accountIdLookup(options, current)
  })
  const wanted = (
    kind: "project" | "domain",
    option: string | undefined,
    own: string | undefined,
    url: string,
    signal: AbortSignal | undefined,
  ): Id => {
    if (option !== "auto") return option
    if (own !== undefined) return own
    const lookUp = load()
    return lookUp instanceof Promise ? lookUp.then((found) => found(kind, url, signal)) : lookUp(kind, url, signal)
  }
  return (url, request, credentials, signal) => {
    const project: Id =
      request["x-project-id"] === undefined
        ? wanted("project", projectId, credentials.projectId, url, signal)
        : undefined
    const domain: Id =
      request["x-domain-id"] === undefined ? wanted("domain", domainId, credentials.domainId, url, signal) : undefined
    if (project instanceof Promise || domain instanceof Promise) return Promise.all([project, domain]).then(headers)
    return project === undefined && domain === undefined ? NONE : headers([project, domain])
  }
}

const NONE: HeaderRecord = {}

function headers([project, domain]: [string | undefined, string | undefined]): HeaderRecord {
  return {
    ...(project === undefined ? undefined : { "x-project-id": project }),
    ...(domain === undefined ? undefined : { "x-domain-id": domain }),
  }
}
