import type { Credentials } from "../identity/credentials.ts"
import type { CredentialProvider } from "../identity/provider.ts"
import { andThen, lazily } from "../runtime/promises.ts"
import type { AccountIdOptions, AccountIds } from "./account-id-lookup.chunk.ts"
import type { CachingOptions } from "./cached-credential.chunk.ts"

/** @param source where the credentials of the attempts come from */
export function accountIds(
  options: AccountIdOptions & CachingOptions,
  source: Credentials | CredentialProvider,
): AccountIds {
  const { projectId, domainId } = options
  if (projectId !== "auto" && domainId !== "auto") return () => options
  const load = lazily(async () => {
    const { accountIdLookup } = await import("./account-id-lookup.chunk.ts")
    return accountIdLookup(options, source)
  })
  return (...asked) => andThen(load(), (lookUp) => lookUp(...asked))
}
