import type { Auth } from "@countersign/auth-core"
import { expect } from "vitest"
import type { Difference, Feature, FeatureRelease } from "./feature.ts"
import { numbering } from "./numbering-auth.ts"
import { type FeatureRun, runFeature, type TimeLimit, type WireEntry } from "./run-feature.ts"

const READS_BODIES = "an auth that reads bodies"

const auths: Readonly<Record<string, () => Auth>> = {
  "an auth that leaves bodies unread": () => numbering(),
  [READS_BODIES]: () => numbering("secret", 12 * 1024 * 1024),
}

/** Longer from try to try, in case the machine was too busy. */
const LIMITS_MS = [150, 1_000, 6_000]

/**
 * Uses a feature with and without auth. Rejects with an assertion error if the results differ.
 *
 * @param concurrent makes both uses at the same time.
 */
export async function compareFeature<Client>(
  feature: Feature<Client>,
  release: FeatureRelease<Client>,
  concurrent = false,
): Promise<void> {
  for (const limitMs of LIMITS_MS) {
    let isLimited = false
    const timeLimit = (): number => {
      isLimited = true
      return limitMs
    }
    try {
      await compareOnce(feature, release, concurrent, timeLimit)
      return
    } catch (error) {
      if (!isLimited || limitMs === LIMITS_MS.at(-1)) throw error
    }
  }
}

async function compareOnce<Client>(
  feature: Feature<Client>,
  release: FeatureRelease<Client>,
  concurrent: boolean,
  timeLimit: TimeLimit,
): Promise<void> {
  const stated = differenceIn(feature, release)
  const { bare, others } = await runs(feature, release, concurrent, timeLimit)
  expect(bare.result, "a result to compare").toBeDefined()
  if (feature.gives !== undefined) expect(bare.result, "without auth").toEqual(feature.gives)
  let differs = stated?.gives !== undefined
  for (const [name, authenticated] of others) {
    const difference = stated?.onlyWhereRead === true && name !== READS_BODIES ? undefined : stated
    if (difference?.gives === undefined) expect(authenticated.result, name).toStrictEqual(bare.result)
    else expect(authenticated.result, name).toEqual(difference.gives)
    if (difference?.onTheWire === true) differs ||= !isEqual(sorted(authenticated), sorted(bare))
    else expect(sorted(authenticated), `on the wire, with ${name}`).toStrictEqual(sorted(bare))
    checkAuthentications(authenticated)
  }
  if (stated !== undefined) {
    expect(differs && !isEqual(stated.gives, bare.result), "the stated difference shows").toBe(true)
  }
}

async function runs<Client>(
  feature: Feature<Client>,
  release: FeatureRelease<Client>,
  concurrent: boolean,
  timeLimit: TimeLimit,
): Promise<{ bare: FeatureRun; others: (readonly [name: string, run: FeatureRun])[] }> {
  const bare = runFeature(feature, release, undefined, timeLimit)
  if (!concurrent) await bare
  const others: (readonly [string, Promise<FeatureRun>])[] = []
  for (const [name, auth] of Object.entries(auths)) {
    const run = runFeature(feature, release, auth(), timeLimit)
    others.push([name, run])
    if (!concurrent) await run
  }
  const ended = others.map(async ([name, run]) => [name, await run] as const)
  const [first, ...rest] = await Promise.all([bare, ...ended])
  return { bare: first, others: rest }
}

function differenceIn<Client>(feature: Feature<Client>, { name }: FeatureRelease<Client>): Difference | undefined {
  return feature.differs?.releases?.includes(name) === false ? undefined : feature.differs
}

/** Concurrent requests arrive in any order. */
function sorted({ wire }: FeatureRun): WireEntry[] {
  return wire.toSorted((left, right) => (JSON.stringify(left) < JSON.stringify(right) ? -1 : 1))
}

/** One fresh authentication per arrival at a host that is listed, and none elsewhere. */
function checkAuthentications({ authentications }: FeatureRun): void {
  const listed = authentications.filter(({ host }) => host === "127.0.0.1").map(({ token }) => token)
  expect(
    listed.filter((token) => token?.startsWith("secret-") !== true),
    "arrivals without authentication",
  ).toEqual([])
  expect(new Set(listed).size, "fresh authentications").toBe(listed.length)
  const elsewhere = authentications.filter(({ host }) => host !== "127.0.0.1").map(({ token }) => token)
  expect(
    elsewhere.filter((token) => token !== undefined),
    "authentications at other hosts",
  ).toEqual([])
}

function isEqual(left: unknown, right: unknown): boolean {
  try {
    expect(left).toStrictEqual(right)
    return true
  } catch {
    return false
  }
}
