import { AuthError } from "../errors/auth-error.ts"
import type { IamOptions } from "../iam/iam-connection.ts"
import { findDomainId, findProjectId } from "../iam/lookups.ts"
import type { Credentials } from "../identity/credentials.ts"
import type { CredentialProvider, Expiring, Provider } from "../identity/provider.ts"
import { isPromise } from "../runtime/promises.ts"
import type { Attempt } from "./auth.ts"
import { type CachingOptions, cacheOf } from "./cached-credential.chunk.ts"

export interface AccountIdOptions {
  /**
   * Sent as X-Project-Id and signed, unless the request has one. `"auto"`: the one that comes with the credentials, else
   * looked up by the name of the region (the option, else that in the request's host) and kept: for the access key, or for
   * the source where that has an identity key.
   */
  projectId?: "auto" | (string & {}) | undefined
  /**
   * Sent as X-Domain-Id and signed, unless the request has one; global services need it. `"auto"`: the one that comes with
   * the credentials, else looked up and kept likewise.
   */
  domainId?: "auto" | (string & {}) | undefined
  /** Such as `cn-north-4`. Project lookups and V11-HMAC-SHA256 need it. */
  region?: string | undefined
  /**
   * How IAM is reached for lookups, and for an id token that the environment or a profile names. Of the endpoints known, the
   * first one is used: that of the credentials' source, this one, HUAWEICLOUD_SDK_IAM_ENDPOINT, that of the region, the
   * global one.
   */
  iam?: IamOptions | undefined
}

/** The ids to send with an attempt, which may have its own: at once when they are known. */
export type AccountIds = (attempt: Attempt, credentials: Credentials) => KnownAccountIds | Promise<KnownAccountIds>

export interface KnownAccountIds {
  readonly projectId?: string | undefined
  readonly domainId?: string | undefined
}

interface AccountId extends Expiring {
  readonly id: string
}

/** Whose ids are kept. */
interface Account {
  /** Those that ask: the last that came. */
  credentials: Credentials
  readonly projects: Map<string, Provider<AccountId>>
  readonly domain: Provider<AccountId>
}

/**
 * Ids that come with the credentials, else from IAM, which is asked for each once. Where a source may go on under the key of
 * another account, each key asks for its own.
 *
 * @param source where the credentials of the attempts come from
 */
export function accountIdLookup(
  options: AccountIdOptions & CachingOptions,
  source: Credentials | CredentialProvider,
): AccountIds {
  const { projectId, domainId, region, iam } = options
  // Named sources, such as an agency, are of one account; others, such as a chain, may change it.
  const isOneAccount = typeof source === "function" && source.identityKey !== undefined
  const cache = cacheOf(options)
  let last: Account | undefined
  const accountOf = (credentials: Credentials): Account => {
    const isKnown = isOneAccount || last?.credentials.accessKeyId === credentials.accessKeyId
    if (last !== undefined && isKnown) last.credentials = credentials
    else {
      const account: Account = {
        credentials,
        projects: new Map(),
        domain: async (context) => {
          const reach = { ...reachOf(account.credentials, iam), region: iam?.region ?? region }
          return { id: await findDomainId({ ...reach, signal: context?.signal }, account.credentials) }
        },
      }
      last = account
    }
    return last
  }
  const projectOf = (account: Account, name: string): Provider<AccountId> => {
    const known = account.projects.get(name)
    if (known !== undefined) return known
    const provider: Provider<AccountId> = async (context) => {
      const reach = { ...reachOf(account.credentials, iam), region: iam?.region ?? name }
      return { id: await findProjectId({ ...reach, name, signal: context?.signal }, account.credentials) }
    }
    account.projects.set(name, provider)
    return provider
  }
  const found = (provider: Provider<AccountId>, signal?: AbortSignal): string | Promise<string> => {
    const value = cache.get(provider, { signal })
    return isPromise(value) ? value.then(({ id }) => id) : value.id
  }
  return ({ url, headers, signal }, credentials) => {
    const account = accountOf(credentials)
    const project =
      headers["x-project-id"] !== undefined || projectId !== "auto"
        ? projectId
        : (credentials.projectId ?? found(projectOf(account, region ?? regionIn(new URL(url))), signal))
    const domain =
      headers["x-domain-id"] !== undefined || domainId !== "auto"
        ? domainId
        : (credentials.domainId ?? found(account.domain, signal))
    if (!(isPromise(project) || isPromise(domain))) return { projectId: project, domainId: domain }
    return Promise.all([project, domain]).then(([projectId, domainId]) => ({ projectId, domainId }))
  }
}

/** The IAM that issued the key, or that its source names, comes before that of the auth. */
function reachOf({ iamEndpoint }: Credentials, iam: IamOptions | undefined): IamOptions {
  return iamEndpoint === undefined ? { ...iam } : { ...iam, iamEndpoint }
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
