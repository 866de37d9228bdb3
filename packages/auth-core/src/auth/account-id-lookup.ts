import { AuthError } from "../errors/auth-error.ts"
import { findDomainId } from "../iam/domain-id.ts"
import type { IamOptions } from "../iam/iam-connection.ts"
import { findProjectId } from "../iam/project-id.ts"
import type { Credentials } from "../identity/credentials.ts"
import { isPromise } from "../identity/is-promise.ts"
import type { Expiring, Provider } from "../identity/provider.ts"
import type { AccountIdOptions, AccountIds } from "./account-ids.ts"
import { type CachingOptions, cacheOf } from "./cache-of.ts"

interface AccountId extends Expiring {
  readonly id: string
}

/**
 * Ids that come with the credentials, else from IAM, which is asked for each once.
 *
 * @param current gives the credentials that ask
 */
export function accountIdLookup(
  options: AccountIdOptions & CachingOptions,
  current: (signal?: AbortSignal) => Credentials | Promise<Credentials>,
): AccountIds {
  const { projectId, domainId, region, iam } = options
  const cache = cacheOf(options)
  const projects = new Map<string, Provider<AccountId>>()
  const projectOf = (name: string): Provider<AccountId> => {
    const known = projects.get(name)
    if (known !== undefined) return known
    const provider: Provider<AccountId> = async (context) => {
      const credentials = await current(context?.signal)
      const options = { ...reachOf(credentials, iam), region: iam?.region ?? name, name, signal: context?.signal }
      return { id: await findProjectId(options, credentials) }
    }
    projects.set(name, provider)
    return provider
  }
  const domain: Provider<AccountId> = async (context) => {
    const credentials = await current(context?.signal)
    const options = { ...reachOf(credentials, iam), region: iam?.region ?? region, signal: context?.signal }
    return { id: await findDomainId(options, credentials) }
  }
  const found = (provider: Provider<AccountId>, signal?: AbortSignal): string | Promise<string> => {
    const value = cache.get(provider, { signal })
    return isPromise(value) ? value.then(({ id }) => id) : value.id
  }
  return ({ url, headers, signal }, credentials) => {
    const project =
      headers["x-project-id"] !== undefined || projectId !== "auto"
        ? projectId
        : (credentials.projectId ?? found(projectOf(region ?? regionIn(new URL(url))), signal))
    const account =
      headers["x-domain-id"] !== undefined || domainId !== "auto"
        ? domainId
        : (credentials.domainId ?? found(domain, signal))
    if (!(isPromise(project) || isPromise(account))) return { projectId: project, domainId: account }
    return Promise.all([project, account]).then(([projectId, domainId]) => ({ projectId, domainId }))
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
