import type { Expiring, IamReach, Provider } from "../identity/provider.ts"

/** The options of an auth that say how IAM is reached. */
export interface IamReachOptions {
  readonly region?: string | undefined
  readonly iam?: IamReach | undefined
}

/** The provider, told how the auth reaches IAM where it heeds that. */
export function reachingIam<T extends Expiring>(provider: Provider<T>, { region, iam }: IamReachOptions): Provider<T> {
  if (provider.heedsIamReach !== true || (region === undefined && iam === undefined)) return provider
  const reach: IamReach = { ...iam, region: iam?.region ?? region }
  return Object.assign((context?: Parameters<Provider<T>>[0]) => provider({ ...context, iam: reach }), provider)
}
