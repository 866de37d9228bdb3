import { type MemoryLockOut, memoryLockOut } from "@countersign/server"
import { type Accounts, sampleAccounts } from "./accounts.ts"
import { createServerClock, type ServerClock } from "./clock.ts"
import { createFaults, type Faults, type MetadataMode, type PendingFault } from "./faults.ts"
import { createGatewayVerifiers, type GatewayVerifiers } from "./gateway-verifiers.ts"
import { createIdentities, type Identities } from "./identities.ts"
import { createStats, type StatsKeeper } from "./stats.ts"

const MINUTE = 60_000

/** Consecutive failed signatures that do not lock an AK yet. */
const FAILED_SIGNATURES = 5

/** Failures count until a success. */
const IN_A_ROW = { windowMs: Number.POSITIVE_INFINITY, consecutive: true }

export interface WorldOptions {
  /** How many consecutive wrong passwords lock a user, as an account's administrator sets it. @default 5 */
  wrongPasswords?: number | undefined
}

/** Everything that the routes know and change. */
export interface World {
  readonly accounts: Accounts
  readonly identities: Identities
  readonly stats: StatsKeeper
  readonly faults: Faults
  readonly pending: PendingFault[]
  readonly clock: ServerClock
  readonly verifiers: GatewayVerifiers
  /** Locks an AK for five minutes. */
  readonly keyLockout: MemoryLockOut
  /** Locks a user for 15 minutes. */
  readonly passwordLockout: MemoryLockOut
  /** Tokens of the metadata service, with their expiry. */
  readonly metadataTokens: Map<string, number>
  metadataMode: MetadataMode
  /** The server's clock, epoch ms. */
  now(): number
}

export function createWorld({ wrongPasswords = 5 }: WorldOptions = {}): World {
  const clock = createServerClock()
  const { now } = clock
  const accounts = sampleAccounts(now, (customer) => identities.admit(customer))
  const identities = createIdentities(accounts, now)
  const keyLockout = memoryLockOut({ failures: FAILED_SIGNATURES + 1, lockMs: 5 * MINUTE, ...IN_A_ROW, now })
  const parts: Omit<World, "faults"> = {
    accounts,
    identities,
    stats: createStats(),
    pending: [],
    clock,
    verifiers: createGatewayVerifiers(identities, keyLockout, now),
    keyLockout,
    passwordLockout: memoryLockOut({ failures: wrongPasswords, lockMs: 15 * MINUTE, ...IN_A_ROW, now }),
    metadataTokens: new Map(),
    metadataMode: "token optional",
    now,
  }
  return Object.assign(parts, { faults: createFaults(parts) })
}
