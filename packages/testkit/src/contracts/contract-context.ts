import type { TestServers } from "../test-servers.ts"
import type { AdapterUnderTest } from "./adapter-under-test.ts"

/** The adapter that a contract is about, and servers for it. */
export interface ContractContext extends TestServers {
  adapter: AdapterUnderTest
}
