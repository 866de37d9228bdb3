import type { IamOptions } from "../iam/iam-connection.ts"
import { andThen } from "../identity/and-then.ts"
import type { Credentials } from "../identity/credentials.ts"
import { lazily } from "../identity/lazily.ts"
import type { CredentialProvider } from "../identity/provider.ts"
import type { Attempt } from "./auth.ts"
import type { CachingOptions } from "./cache-of.ts"

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

/** @param source where the credentials of the attempts come from */
export function accountIds(
  options: AccountIdOptions & CachingOptions,
  source: Credentials | CredentialProvider,
): AccountIds {
  const { projectId, domainId } = options
  if (projectId !== "auto" && domainId !== "auto") return () => options
  const load = lazily(async () => {
    const { accountIdLookup } = await import("./account-id-lookup.ts")
    return accountIdLookup(options, source)
  })
  return (...asked) => andThen(load(), (lookUp) => lookUp(...asked))
}
