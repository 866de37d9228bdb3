import type { TokenCache } from "../cache/token-cache.ts"
import { AuthError } from "../errors/auth-error.ts"
import { findDomainId } from "../iam/domain-id.ts"
import type { IamOptions } from "../iam/iam-connection.ts"
import { findProjectId } from "../iam/project-id.ts"
import type { Credentials } from "../identity/credentials.ts"
import type { Expiring, Provider } from "../identity/provider.ts"
import type { HeaderRecord } from "../signing/signed-headers.ts"

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

interface AccountId extends Expiring {
  readonly id: string
}

/** X-Project-Id and X-Domain-Id of a request, as far as they are wanted: at once when they are known. */
export type AccountIdHeaders = (
  url: string,
  request: HeaderRecord,
  credentials: Credentials,
  signal?: AbortSignal,
) => HeaderRecord | Promise<HeaderRecord>

/**
 * @param current gives the credentials that look up
 * @param cache keeps what was looked up
 */
export function accountIdHeaders(
  { projectId, domainId, region, iam }: AccountIdOptions,
  current: (signal?: AbortSignal) => Credentials | Promise<Credentials>,
  cache: () => TokenCache,
): AccountIdHeaders {
  const projects = new Map<string, Provider<AccountId>>()
  const projectOf = (name: string): Provider<AccountId> => {
    const known = projects.get(name)
    if (known !== undefined) return known
    const provider: Provider<AccountId> = async (context) => ({
      id: await findProjectId(
        { ...iam, region: iam?.region ?? name, name, signal: context?.signal },
        await current(context?.signal),
      ),
    })
    projects.set(name, provider)
    return provider
  }
  const domain: Provider<AccountId> = async (context) => ({
    id: await findDomainId({ region, ...iam, signal: context?.signal }, await current(context?.signal)),
  })
  const wanted = (
    option: string | undefined,
    own: string | undefined,
    provider: () => Provider<AccountId>,
    signal?: AbortSignal,
  ): string | undefined | Promise<string> => {
    if (option !== "auto") return option
    if (own !== undefined) return own
    const found = cache().get(provider(), { signal })
    return found instanceof Promise ? found.then(({ id }) => id) : found.id
  }
  return (url, request, credentials, signal) => {
    const project =
      request["x-project-id"] === undefined
        ? wanted(projectId, credentials.projectId, () => projectOf(region ?? regionIn(new URL(url))), signal)
        : undefined
    const account =
      request["x-domain-id"] === undefined ? wanted(domainId, credentials.domainId, () => domain, signal) : undefined
    if (project instanceof Promise || account instanceof Promise) return Promise.all([project, account]).then(headers)
    return project === undefined && account === undefined ? NONE : headers([project, account])
  }
}

const NONE: HeaderRecord = {}

function headers([project, account]: [string | undefined, string | undefined]): HeaderRecord {
  return {
    ...(project === undefined ? undefined : { "x-project-id": project }),
    ...(account === undefined ? undefined : { "x-domain-id": account }),
  }
}

/** `ecs.cn-north-4.myhuaweicloud.com` names its region. */
function regionIn({ hostname }: URL): string {
  const region = /\.([a-z]{2,}-[a-z]+-\d{1,3})\.[a-z]+\.[a-z]+$/.exec(hostname)?.[1]
  if (region !== undefined) return region
  throw new AuthError(
    "AUTH_INVALID_OPTION",
    `\`projectId: "auto"\` needs to know a region, and the host ${hostname} names none: give \`region\`, or the project's id.`,
  )
}
