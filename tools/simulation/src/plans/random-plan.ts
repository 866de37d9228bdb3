import { Random } from "../time/random.ts"
import type { Fault } from "./fault.ts"
import type { Keyring } from "./keyring.ts"
import type { Plan } from "./plan.ts"

const SECOND_MS = 1_000
const MINUTE_MS = 60_000
const HOUR_MS = 60 * MINUTE_MS

/** About so many requests a run makes, so that it takes a tenth of a second. */
const READS = 1_000

/** All that scripts need. They delete only a key of another type, which no run has. */
const COMMANDS = ["EVAL", "TIME", "HMGET", "HGET", "HSET", "HDEL", "PEXPIREAT", "PUBLISH"]

/** A fleet, its traffic and its faults, all drawn from a seed. */
export function randomPlan(seed: string): Plan {
  const random = new Random(`plan ${seed}`)
  const isLong = random.chance(0.1)
  const isLarge = !isLong && random.chance(0.06)
  const processes = isLarge ? random.whole(50, 200) : random.whole(2, 16)
  const identities = isLarge ? 1 : random.whole(1, 3)
  const tokenLifeMs = isLong ? 24 * HOUR_MS : random.pick([2, 5, 15]) * MINUTE_MS
  const troubledMs = isLong ? 2 * HOUR_MS : random.between(0.5, 2) * tokenLifeMs
  const endMs = isLong ? 3 * HOUR_MS : troubledMs + 2 * tokenLifeMs + 2 * MINUTE_MS
  const faults = Array.from({ length: random.whole(0, 6) }, () =>
    randomFault(random, { processes, identities, tokenLifeMs, troubledMs }),
  )
  const bursts = faults.flatMap(({ at, forMs }) => (random.chance(0.5) ? [at + 1, at + forMs + 100] : [at + forMs / 2]))
  return {
    seed,
    processes,
    identities,
    tokenLifeMs,
    readEveryMs: Math.max(200, (processes * identities * endMs) / READS),
    startWithinMs: random.pick([0, 100, 5 * SECOND_MS, tokenLifeMs / 2]),
    skewMs: random.pick([0, SECOND_MS, HOUR_MS]),
    keyrings: random.pick<readonly Keyring[]>([
      [],
      [],
      [[1]],
      [
        [1, 2],
        [2, 1],
      ],
      [undefined, [1]],
      [[1], [2]],
    ]),
    isUnbound: random.chance(0.3),
    hasSecretFunctions: random.chance(0.5),
    repeats: random.chance(0.5),
    faults,
    bursts,
    endMs,
  }
}

function randomFault(
  random: Random,
  {
    processes,
    identities,
    tokenLifeMs,
    troubledMs,
  }: Pick<Plan, "processes" | "identities" | "tokenLifeMs"> & { troubledMs: number },
): Fault {
  // Renewals are due at the end of a lifetime, so that is when faults hurt most.
  const renewal = tokenLifeMs * random.between(0.9, 1)
  const at = random.chance(0.5) && renewal < troubledMs ? renewal : random.between(0, troubledMs)
  const forMs = Math.min(
    random.pick([300, 2 * SECOND_MS, 20 * SECOND_MS, tokenLifeMs / 4]),
    troubledMs - at + SECOND_MS,
  )
  const process = random.whole(0, processes - 1)
  const identity = random.whole(0, identities - 1)
  const some = Array.from({ length: processes }, (_, place) => place).filter(() => random.chance(0.3))
  const makers: ReadonlyArray<() => Fault> = [
    () => ({
      kind: "network",
      at,
      forMs,
      conditions: { delayMs: random.between(1, 400), jitterMs: random.between(1, 300) },
    }),
    () => ({ kind: "network", at, forMs, conditions: { isUnordered: true, jitterMs: random.between(1, 50) } }),
    () => ({
      kind: "network",
      at,
      forMs,
      conditions: { lostCommands: random.next() / 2, lostAnswers: random.next() / 2, lostNotices: random.next() },
    }),
    () => ({ kind: "network", at, forMs, conditions: { lostNotices: 1 } }),
    () => ({ kind: "network", at, forMs, conditions: { broken: random.next() / 2 } }),
    () => ({ kind: "cut", at, forMs, processes: random.chance(0.5) ? "all" : some }),
    () => ({
      kind: "failover",
      at,
      forMs: random.between(100, 5 * SECOND_MS),
      lostMs: random.between(0, 10 * SECOND_MS),
      clockMs: random.pick([0, random.between(0, MINUTE_MS)]),
    }),
    () => ({ kind: "flush", at, forMs: 0 }),
    () => ({ kind: "evict", at, forMs: 0, share: random.next() }),
    () => ({ kind: "server", at, forMs, troubles: { mayNotUseChannels: true } }),
    () => ({ kind: "server", at, forMs, troubles: { isFull: true } }),
    () => ({ kind: "server", at, forMs, troubles: { refused: random.pick(COMMANDS) } }),
    () => ({ kind: "pause", at, forMs: random.pick([2, 20, 60]) * SECOND_MS, process }),
    () => ({ kind: "stalls", at, forMs, stalls: { share: 0.01, longestMs: random.pick([50, 300, 3_000]) } }),
    () => ({ kind: "crash", at, forMs: random.between(10, 5_000), process }),
    () => ({ kind: "clock", at, forMs: 0, process, skewMs: random.between(-HOUR_MS, HOUR_MS) }),
    () => ({
      kind: "iam",
      at,
      forMs,
      conditions: random.pick([
        { delayMs: random.pick([1, 3, 20]) * SECOND_MS, returnShare: random.next() },
        { failing: random.between(0.3, 1) },
        { hanging: random.between(0.1, 0.6) },
      ]),
    }),
    () => ({ kind: "revoke", at, forMs: 0, identity }),
    () => ({ kind: "rotate", at, forMs, identity, isTold: random.chance(0.8) }),
    () => ({ kind: "rekey", at, forMs, keyring: random.pick<Keyring>([undefined, [1], [2], [1, 2], [2, 1], [3, 1]]) }),
  ]
  return random.pick(makers)()
}
