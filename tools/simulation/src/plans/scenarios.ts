import { CALM_PLAN, type Plan } from "./plan.ts"

/** A run for one fault that the cache once had. */
export interface Scenario {
  readonly name: string
  readonly plan: Plan
  /** The calls of IAM that it takes. */
  readonly mostCalls: number
  /** The longest that a caller may wait, milliseconds. */
  readonly longestWaitMs: number
}

const MINUTE_MS = 60_000

/** IAM takes 300 ms at most, and the store a moment. */
const AT_ONCE_MS = 1_000

export const scenarios: readonly Scenario[] = [
  {
    name: "encryption is being switched on",
    plan: {
      ...CALM_PLAN,
      seed: "encryption 0",
      keyrings: [undefined, [1]],
      isUnbound: true,
      readEveryMs: 1_000,
    },
    // Three for those who encrypt, and three for the others.
    mostCalls: 6,
    longestWaitMs: AT_ONCE_MS,
  },
  {
    name: "a key is replaced without overlap",
    plan: { ...CALM_PLAN, seed: "keys 0", keyrings: [[1], [2]], isUnbound: true, readEveryMs: 1_000 },
    mostCalls: 6,
    longestWaitMs: AT_ONCE_MS,
  },
  {
    name: "the keys of encryption are in another order in every second process",
    plan: {
      ...CALM_PLAN,
      seed: "order 26",
      processes: 3,
      identities: 2,
      startWithinMs: 0,
      readEveryMs: 7_000,
      hasSecretFunctions: true,
      endMs: 18 * MINUTE_MS,
      keyrings: [
        [1, 2],
        [2, 1],
      ],
    },
    // Five for each identity.
    mostCalls: 10,
    longestWaitMs: AT_ONCE_MS,
  },
  {
    name: "tokens are revoked while keys of encryption are in two orders",
    plan: {
      ...CALM_PLAN,
      seed: "revoked 10",
      processes: 4,
      readEveryMs: 1_000,
      keyrings: [
        [1, 2],
        [2, 1],
      ],
      faults: [{ kind: "revoke", at: 2 * MINUTE_MS, forMs: 0, identity: 0 }],
      bursts: [2 * MINUTE_MS + 1],
      endMs: 200_000,
    },
    // Two for each order at most.
    mostCalls: 4,
    longestWaitMs: AT_ONCE_MS,
  },
  {
    name: "keys of encryption are rotated, process by process",
    plan: {
      ...CALM_PLAN,
      seed: "rotation 0",
      keyrings: [[1]],
      readEveryMs: 1_000,
      faults: [
        { kind: "rekey", at: MINUTE_MS, forMs: 20_000, keyring: [1, 2] },
        { kind: "rekey", at: 2 * MINUTE_MS, forMs: 20_000, keyring: [2, 1] },
        { kind: "rekey", at: 8 * MINUTE_MS, forMs: 20_000, keyring: [2] },
      ],
    },
    // As without the rotation.
    mostCalls: 3,
    longestWaitMs: AT_ONCE_MS,
  },
  {
    name: "the server is flushed",
    plan: {
      ...CALM_PLAN,
      seed: "flush 0",
      readEveryMs: 1_000,
      faults: [{ kind: "flush", at: 2 * MINUTE_MS, forMs: 0 }],
      bursts: [2 * MINUTE_MS + 1],
    },
    mostCalls: 3,
    longestWaitMs: AT_ONCE_MS,
  },
  {
    name: "the store becomes slow during a cold start",
    plan: {
      ...CALM_PLAN,
      seed: "slow 2",
      processes: 20,
      startWithinMs: 10_000,
      faults: [{ kind: "network", at: 0, forMs: 2_000, conditions: { delayMs: 100, jitterMs: 150 } }],
    },
    mostCalls: 3,
    longestWaitMs: 1.5 * AT_ONCE_MS,
  },
  {
    name: "the store was away, and several tokens are renewed at once",
    plan: {
      ...CALM_PLAN,
      seed: "trial 16",
      identities: 3,
      readEveryMs: MINUTE_MS,
      faults: [{ kind: "cut", at: 265_000, forMs: 30_000, processes: "all" }],
      bursts: [275_000, 575_000],
    },
    mostCalls: 19,
    longestWaitMs: 3 * AT_ONCE_MS,
  },
  {
    name: "a client sends a command again",
    plan: {
      ...CALM_PLAN,
      seed: "again 0",
      repeats: true,
      faults: [{ kind: "network", at: 0, forMs: 20_000, conditions: { broken: 0.2 } }],
    },
    mostCalls: 3,
    longestWaitMs: AT_ONCE_MS,
  },
  {
    name: "a command of the lease fails",
    plan: {
      ...CALM_PLAN,
      seed: "half 0",
      faults: [{ kind: "server", at: 0, forMs: 1_000, troubles: { refused: "PEXPIREAT" } }],
      startWithinMs: 3_000,
    },
    mostCalls: 4,
    longestWaitMs: AT_ONCE_MS,
  },
  {
    name: "the result of the holder of the lease is lost on its way",
    plan: {
      ...CALM_PLAN,
      seed: "release 0",
      startWithinMs: 10,
      faults: [{ kind: "network", at: 100, forMs: 500, conditions: { lostCommands: 1 } }],
    },
    mostCalls: 4,
    longestWaitMs: AT_ONCE_MS,
  },
  {
    name: "the user of the store may not use HDEL",
    plan: {
      ...CALM_PLAN,
      seed: "hdel 0",
      startWithinMs: 5_000,
      faults: [{ kind: "server", at: 0, forMs: 10 * MINUTE_MS, troubles: { refused: "HDEL" } }],
    },
    mostCalls: 3,
    longestWaitMs: AT_ONCE_MS,
  },
  {
    name: "the store may not publish",
    plan: {
      ...CALM_PLAN,
      seed: "publish 0",
      readEveryMs: 500,
      faults: [
        { kind: "server", at: 0, forMs: 8 * MINUTE_MS, troubles: { mayNotUseChannels: true } },
        { kind: "revoke", at: 2 * MINUTE_MS, forMs: 0, identity: 0 },
        { kind: "revoke", at: 4 * MINUTE_MS, forMs: 0, identity: 0 },
      ],
    },
    mostCalls: 4,
    longestWaitMs: 1.5 * AT_ONCE_MS,
  },
  {
    name: "a password changes while the store may not be read",
    plan: {
      ...CALM_PLAN,
      seed: "unread 0",
      readEveryMs: 1_000,
      faults: [
        { kind: "server", at: 100_000, forMs: MINUTE_MS, troubles: { refused: "HGET" } },
        { kind: "rotate", at: 2 * MINUTE_MS, forMs: 300, identity: 0, isTold: true },
      ],
      bursts: [2 * MINUTE_MS + 1],
      endMs: 200_000,
    },
    mostCalls: 8,
    longestWaitMs: AT_ONCE_MS,
  },
  {
    name: "tokens are revoked while the store is slow",
    plan: {
      ...CALM_PLAN,
      seed: "revoke 4",
      processes: 12,
      faults: [
        { kind: "network", at: 100_000, forMs: MINUTE_MS, conditions: { delayMs: 130, jitterMs: 160 } },
        { kind: "revoke", at: 2 * MINUTE_MS, forMs: 0, identity: 0 },
      ],
      bursts: [2 * MINUTE_MS + 1],
      endMs: 200_000,
    },
    mostCalls: 3,
    longestWaitMs: 1.5 * AT_ONCE_MS,
  },
  {
    name: "tokens are revoked while the store takes seconds",
    plan: {
      ...CALM_PLAN,
      seed: "slow 41",
      processes: 14,
      faults: [
        { kind: "network", at: 100_000, forMs: MINUTE_MS, conditions: { delayMs: 90, jitterMs: 280 } },
        { kind: "revoke", at: 2 * MINUTE_MS, forMs: 0, identity: 0 },
      ],
      bursts: [2 * MINUTE_MS + 1],
      endMs: 200_000,
    },
    mostCalls: 9,
    longestWaitMs: 4 * AT_ONCE_MS,
  },
  {
    name: "a process has an old password, and others succeed under the same key",
    plan: {
      ...CALM_PLAN,
      seed: "unbound 5",
      isUnbound: true,
      processes: 4,
      tokenLifeMs: 15 * MINUTE_MS,
      startWithinMs: 8 * MINUTE_MS,
      readEveryMs: 30_000,
      faults: [{ kind: "rotate", at: 6 * MINUTE_MS, forMs: 0, identity: 0, isTold: false }],
      endMs: 60 * MINUTE_MS,
    },
    mostCalls: 8,
    longestWaitMs: AT_ONCE_MS,
  },
  {
    name: "notices are lost, and with a flush the failure that they told of",
    plan: {
      ...CALM_PLAN,
      seed: "unheard 0",
      processes: 20,
      faults: [
        { kind: "network", at: 100_000, forMs: MINUTE_MS, conditions: { lostNotices: 1 } },
        { kind: "rotate", at: 2 * MINUTE_MS, forMs: 0, identity: 0, isTold: false },
        { kind: "flush", at: 121_000, forMs: 0 },
      ],
      bursts: [2 * MINUTE_MS + 1],
      endMs: 200_000,
    },
    mostCalls: 3,
    // Half a lease, and a moment more.
    longestWaitMs: 10 * AT_ONCE_MS,
  },
  {
    name: "IAM leaves a call unanswered, and refuses the next one",
    plan: {
      ...CALM_PLAN,
      seed: "unanswered 0",
      processes: 4,
      tokenLifeMs: 15 * MINUTE_MS,
      readEveryMs: 10_000,
      faults: [
        { kind: "rotate", at: 2 * MINUTE_MS, forMs: 0, identity: 0, isTold: false },
        { kind: "iam", at: 2 * MINUTE_MS, forMs: 5_000, conditions: { hanging: 1 } },
      ],
      bursts: [2 * MINUTE_MS + 1],
      endMs: 40 * MINUTE_MS,
    },
    // The first, the one without an answer, and four refusals.
    mostCalls: 6,
    // Until the refresh of the first caller ends.
    longestWaitMs: 31_000,
  },
  {
    name: "clocks differ by an hour",
    plan: {
      ...CALM_PLAN,
      seed: "clocks 1",
      skewMs: 60 * MINUTE_MS,
      tokenLifeMs: 15 * MINUTE_MS,
      startWithinMs: 14 * MINUTE_MS,
      faults: [{ kind: "network", at: 0, forMs: 60 * MINUTE_MS, conditions: { lostNotices: 1 } }],
      endMs: 60 * MINUTE_MS,
    },
    mostCalls: 5,
    longestWaitMs: AT_ONCE_MS,
  },
  {
    name: "values travel slowly while IAM fails",
    plan: {
      ...CALM_PLAN,
      seed: "late 0",
      tokenLifeMs: MINUTE_MS,
      readEveryMs: 200,
      faults: [
        { kind: "network", at: 0, forMs: 5 * MINUTE_MS, conditions: { delayMs: 5, jitterMs: 100 } },
        { kind: "iam", at: 40_000, forMs: 3 * MINUTE_MS, conditions: { failing: 0.9 } },
      ],
    },
    mostCalls: 20,
    longestWaitMs: 1.5 * AT_ONCE_MS,
  },
  {
    name: "a stopped process wakes after an eviction",
    plan: {
      ...CALM_PLAN,
      seed: "fence 3",
      startWithinMs: 10,
      faults: [
        { kind: "iam", at: 0, forMs: 2_000, conditions: { delayMs: 1_500, returnShare: 0.9 } },
        { kind: "pause", at: 500, forMs: 40_000, process: 0 },
        { kind: "revoke", at: 5_000, forMs: 0, identity: 0 },
        { kind: "evict", at: 30_000, forMs: 0, share: 0.5 },
      ],
    },
    mostCalls: 4,
    longestWaitMs: 16_000,
  },
  {
    name: "eight processes start on a slow store",
    plan: {
      ...CALM_PLAN,
      seed: "busy 0",
      processes: 8,
      identities: 20,
      startWithinMs: 5,
      faults: [{ kind: "network", at: 0, forMs: 5_000, conditions: { delayMs: 220, jitterMs: 25 } }],
      endMs: MINUTE_MS,
    },
    // One for each identity.
    mostCalls: 20,
    longestWaitMs: 2.5 * AT_ONCE_MS,
  },
]
