// Loaded only for `projectId: "auto"` and `domainId: "auto"`, which ask IAM.

import { type Cloud, hasRegion, huaweiCloud } from "../cloud/cloud.ts"
import { invalidOption } from "../errors/auth-error.ts"
import type { IamOptions } from "../iam/iam-connection.ts"
import { findDomainId, findProjectId } from "../iam/lookups.ts"
import type { Credentials } from "../identity/credentials.ts"
import type { CredentialProvider, Expiring, Provider } from "../identity/provider.ts"
import { isPromise } from "../runtime/promises.ts"
import type { Attempt } from "./auth.ts"
import { type CachingOptions, cacheOf } from "./cached-credential.chunk.ts"

export interface AccountIdOptions {
  /**
   * Sent as X-Project-Id and signed, unless the request has one. `"auto"`: the id that comes with the credentials;
   * otherwise it is looked up by the name of the region (the option, else the one in the request's host) and cached:
   * for the access key, or for the source if that has an identity key.
   */
  projectId?: "auto" | (string & {}) | undefined
  /**
   * Sent as X-Domain-Id and signed, unless the request has one. Global services need it. `"auto"`: the id that comes
   * with the credentials; otherwise it is looked up and cached in the same way.
   */
  domainId?: "auto" | (string & {}) | undefined
  /** Such as `cn-north-4`. Project lookups and V11-HMAC-SHA256 need it. */
  region?: string | undefined
  /**
   * The cloud of the key: a preset such as `openTelekomCloud`, or `{ domain }`. Its IAM serves the look-ups.
   * @default Huawei Cloud
   */
  cloud?: Cloud | undefined
  /**
   * The way to IAM for look-ups, and for an id token that the environment or a profile names. The first known endpoint
   * is used, in this order: that of the credentials' source, this one, HUAWEICLOUD_SDK_IAM_ENDPOINT, that of the
   * region, the global one.
   */
  iam?: IamOptions | undefined
}

/** The ids to send with an attempt, unless it has its own. Returned at once when they are known. */
export type AccountIds = (attempt: Attempt, credentials: Credentials) => KnownAccountIds | Promise<KnownAccountIds>

export interface KnownAccountIds {
  readonly projectId?: string | undefined
  readonly domainId?: string | undefined
}

interface AccountId extends Expiring {
  readonly id: string
}

/** The owner of cached ids. */
interface Account {
  /** The last ones that came. They make the look-ups. */
  credentials: Credentials
  readonly projects: Map<string, Provider<AccountId>>
  readonly domain: Provider<AccountId>
}

/**
 * The ids that come with the credentials, else those from IAM, which is asked once for each. If a source may change to
 * the key of another account, each key looks up its own.
 *
 * @param source the source of the attempts' credentials
 */
export function accountIdLookup(
  options: AccountIdOptions & CachingOptions,
  source: Credentials | CredentialProvider,
): AccountIds {
  const { projectId, domainId, region, cloud, iam } = options
  // A source with a key, such as an agency, has one account. Others, such as a chain, may change theirs.
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
          const reach = { ...reachOf(account.credentials, options), region: iam?.region ?? region }
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
      const reach = { ...reachOf(account.credentials, options), region: iam?.region ?? name }
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
        : (credentials.projectId ?? found(projectOf(account, region ?? regionIn(new URL(url), cloud)), signal))
    const domain =
      headers["x-domain-id"] !== undefined || domainId !== "auto"
        ? domainId
        : (credentials.domainId ?? found(account.domain, signal))
    if (!(isPromise(project) || isPromise(domain))) return { projectId: project, domainId: domain }
    return Promise.all([project, domain]).then(([projectId, domainId]) => ({ projectId, domainId }))
  }
}

/** The IAM of the key or of its source wins over the IAM of the auth. */
function reachOf({ iamEndpoint }: Credentials, { iam, cloud = iam?.cloud }: AccountIdOptions): IamOptions {
  return { ...iam, cloud, ...(iamEndpoint === undefined ? undefined : { iamEndpoint }) }
}

/** `ecs.cn-north-4.myhuaweicloud.com` names its region. */
function regionIn({ hostname }: URL, cloud: Cloud = huaweiCloud): string {
  const domain = cloud.domain === huaweiCloud.domain ? "[a-z]+\\.[a-z]+" : cloud.domain.replaceAll(".", "\\.")
  const region = new RegExp(`\\.([^.]+)\\.${domain}$`).exec(hostname)?.[1]
  if (region !== undefined && hasRegion(cloud, region)) return region
  throw invalidOption(
    `\`projectId: "auto"\` needs a region, and the host ${hostname} names none: pass \`region\`, or the id of the project.`,
  )
}
