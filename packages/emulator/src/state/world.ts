import type { Accounts } from "./accounts.ts"
import { sampleAccounts } from "./accounts.ts"
import type { Faults, MetadataMode, PendingFault } from "./faults.ts"
import { createIdentities, type Identities } from "./identities.ts"
import { createLockout, type Lockout } from "./lockout.ts"
import { createStats, type StatsKeeper } from "./stats.ts"

const MINUTE = 60_000

export interface WorldOptions {
  /** Wrong passwords in a row that an account survives. @default 5 */
  wrongPasswords?: number | undefined
}

/** Everything that the routes know and change. */
export interface World {
  readonly accounts: Accounts
  readonly identities: Identities
  readonly stats: StatsKeeper
  readonly faults: Faults
  readonly pending: PendingFault[]
  /** More than five failed signatures lock an AK for five minutes. */
  readonly keyLockout: Lockout
  /** Wrong passwords lock a user for 15 minutes. */
  readonly passwordLockout: Lockout
  /** Tokens of the metadata service, with their end. */
  readonly metadataTokens: Map<string, number>
  metadataMode: MetadataMode
  /** The server's clock, epoch ms. */
  now(): number
  setClock(clock: number | (() => number) | undefined): void
}

export function createWorld({ wrongPasswords = 5 }: WorldOptions = {}): World {
  let clock: () => number = Date.now
  let offset = 0
  const now = (): number => clock() + offset
  const accounts = sampleAccounts()
  const identities = createIdentities(accounts, now)
  const pending: PendingFault[] = []
  const keyLockout = createLockout(5, 5 * MINUTE, now)
  const passwordLockout = createLockout(wrongPasswords - 1, 15 * MINUTE, now)
  const world: World = {
    accounts,
    identities,
    pending,
    keyLockout,
    passwordLockout,
    stats: createStats(),
    metadataTokens: new Map(),
    metadataMode: "token optional",
    now,
    setClock(next) {
      clock = typeof next === "function" ? next : typeof next === "number" ? () => Date.now() + next : Date.now
    },
    faults: {
      delay: (ms, { target = "gateway", times = Number.POSITIVE_INFINITY } = {}) => {
        pending.push({ kind: "delay", ms, target, left: times })
      },
      status: (status, { target = "gateway", times = Number.POSITIVE_INFINITY, retryAfterSeconds } = {}) => {
        pending.push({ kind: "status", status, retryAfterSeconds, target, left: times })
      },
      dropConnection: ({ target = "gateway", times = Number.POSITIVE_INFINITY } = {}) => {
        pending.push({ kind: "drop", target, left: times })
      },
      redirect: (to, { target = "gateway", times = Number.POSITIVE_INFINITY, status = 302 } = {}) => {
        pending.push({ kind: "redirect", to, status, target, left: times })
      },
      revokeToken: (value = "all") => identities.revokeTokens(value),
      rotateKey: (accessKeyId) => identities.rotateKey(accessKeyId),
      clockOffset(ms) {
        offset = ms
      },
      metadata(mode) {
        world.metadataMode = mode
      },
      reset() {
        pending.length = 0
        offset = 0
        world.metadataMode = "token optional"
        keyLockout.reset()
        passwordLockout.reset()
      },
    },
  }
  return world
}
