import { describe } from "vitest"
import type { AdapterUnderTest } from "./contracts/adapter-under-test.ts"
import { attemptsContract } from "./contracts/attempts.ts"
import { bodiesContract } from "./contracts/bodies.ts"
import type { ContractContext } from "./contracts/contract-context.ts"
import { diagnosticsContract } from "./contracts/diagnostics.ts"
import { failuresContract } from "./contracts/failures.ts"
import { redirectsContract } from "./contracts/redirects.ts"
import { rejectionsContract } from "./contracts/rejections.ts"
import { requestsContract } from "./contracts/requests.ts"
import { retriesContract } from "./contracts/retries.ts"
import { secretsContract } from "./contracts/secrets.ts"
import { unconfirmedKeysContract } from "./contracts/unconfirmed-keys.ts"
import { urlsContract } from "./contracts/urls.ts"
import { testServers } from "./test-servers.ts"

/** The contract that every adapter fulfils, against real servers, with the client's own behaviour as the measure. */
export function describeAdapter(name: string, adapter: AdapterUnderTest): void {
  describe(`${name}: the adapter contract`, () => {
    const context: ContractContext = { adapter, ...testServers() }
    attemptsContract(context)
    urlsContract(context)
    bodiesContract(context)
    retriesContract(context)
    redirectsContract(context)
    secretsContract(context)
    rejectionsContract(context)
    unconfirmedKeysContract(context)
    requestsContract(context)
    failuresContract(context)
    diagnosticsContract(context)
  })
}
