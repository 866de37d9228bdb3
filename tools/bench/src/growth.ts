import { sign, type Token, TokenCache, type TokenProvider } from "@countersign/auth-core"
import { credentials, get } from "./example-request.ts"
import { awaited, type Batch, interleaved, sync } from "./rounds.ts"
import type { Chart, Curve, Part, Row } from "./row.ts"
import { median } from "./statistics.ts"

/** How cost grows: signatures with what is signed, the cache with who is in it. */
export const growth: Part = async ({ quick }) => {
  const signing = await signingCurves(quick ? [1, 10, 100, 1_000] : [1, 3, 10, 30, 100, 300, 1_000], quick ? 9 : 41)
  const caching = await cacheCurves(
    quick ? [1, 1_000, 30_000] : [1, 10, 100, 1_000, 10_000, 100_000, 1_000_000],
    quick ? 9 : 41,
  )
  const charts: Chart[] = [
    {
      id: "growth-of-signing",
      title: "Signing a GET",
      sizes: "query pairs, or signed headers",
      cost: "time of one signature",
      curves: [...signing, sortingCurve(signing)],
    },
    {
      id: "growth-of-cache",
      title: "Reading a cached token",
      sizes: "identities in the cache",
      cost: "time of one read",
      curves: caching,
    },
  ]
  return { rows: [...signing.map(againstSorting), ...withMap(caching)], charts }
}

async function signingCurves(sizes: readonly number[], rounds: number): Promise<Curve[]> {
  const cases: Record<string, Batch> = {}
  for (const size of sizes) {
    const numbers = Array.from({ length: size }, (_, index) => (index * 7919) % size)
    const pairs = new URLSearchParams(numbers.map((number) => [`name-${number}`, `value ${number}`]))
    const url = `${new URL(get.url).origin}/v1/servers?${String(pairs).replaceAll("+", "%20")}`
    cases[`query pairs ${size}`] = sync(() => sign({ ...get, url }, credentials))
    const headers = Object.fromEntries(numbers.map((number) => [`x-name-${number}`, `value ${number}`]))
    const signedHeaders = ["host", "x-sdk-date", ...Object.keys(headers)]
    cases[`signed headers ${size}`] = sync(() => sign({ ...get, headers }, credentials, { signedHeaders }))
  }
  return await curves(["query pairs", "signed headers"], sizes, cases, rounds)
}

async function cacheCurves(sizes: readonly number[], rounds: number): Promise<Curve[]> {
  const cases: Record<string, Batch> = {}
  for (const size of sizes) {
    const cache = new TokenCache({ maxEntries: size })
    const byKey = new Map<string, Token>()
    const providers = Array.from({ length: size }, (_, index) => tokenOf(index))
    for (const provider of providers) byKey.set(provider.identityKey, await cache.get(provider))
    let next = 0
    // Far apart in memory, and each in its turn.
    const provider = (): TokenProvider & { identityKey: string } => {
      next = (next + 611_953) % size
      return providers[next] as TokenProvider & { identityKey: string }
    }
    cases[`TokenCache ${size}`] = awaited(() => cache.get(provider()))
    cases[`a Map read with an expiry check ${size}`] = awaited(() => {
      const found = byKey.get(provider().identityKey)
      return found !== undefined && found.expiresAt > Date.now() ? found : undefined
    })
  }
  return await curves(["TokenCache", "a Map read with an expiry check"], sizes, cases, rounds)
}

function tokenOf(index: number): TokenProvider & { identityKey: string } {
  const issuedAt = Date.now()
  const token = { value: `token-${index}`, issuedAt, expiresAt: issuedAt + 24 * 3_600_000 }
  return Object.assign(async () => token, { identityKey: `token https://iam.example.com partner customer-${index}` })
}

async function curves(
  names: readonly string[],
  sizes: readonly number[],
  cases: Readonly<Record<string, Batch>>,
  rounds: number,
): Promise<Curve[]> {
  const samples = await interleaved(cases, { rounds, warmUpMs: 60 })
  const nanoseconds = (name: string, size: number): number => median(samples[`${name} ${size}`] ?? [])
  return names.map((name) => ({ name, points: sizes.map((size) => [size, nanoseconds(name, size)] as const) }))
}

/** From the hundredth to the thousandth, against n log n. */
function againstSorting({ name, points }: Curve): Row {
  const at = (size: number): number => points.find(([own]) => own === size)?.[1] ?? Number.NaN
  return {
    id: `growth-${name.replaceAll(" ", "-")}`,
    what: `signing with 1,000 ${name}, beside 100`,
    against: "n log n",
    value: at(1_000) / at(100) / (sorting(1_000) / sorting(100)),
    unit: "x",
    target: { atMost: 1 },
    detail: `${(at(100) / 1_000).toFixed(0)} µs, then ${(at(1_000) / 1_000).toFixed(0)} µs`,
  }
}

/** As steep as sorting is, through the last point of the curve that costs most. */
function sortingCurve(measured: readonly Curve[]): Curve {
  const last = measured.map(({ points }) => points.at(-1) ?? ([1, 0] as const)).sort(([, a], [, b]) => b - a)[0] ?? [
    1, 0,
  ]
  const sizes = measured[0]?.points.map(([size]) => size).filter((size) => size >= 10) ?? []
  return { name: "n log n", points: sizes.map((size) => [size, (last[1] * sorting(size)) / sorting(last[0])] as const) }
}

function sorting(size: number): number {
  return size * Math.log(size)
}

/** The largest cache, against a Map as large. */
function withMap([cache, map]: readonly Curve[]): Row[] {
  const [size, took] = cache?.points.at(-1) ?? []
  const [, floor] = map?.points.at(-1) ?? []
  if (size === undefined || took === undefined || floor === undefined) return []
  return [
    {
      id: "growth-cache",
      what: `a cached token among ${size.toLocaleString("en")}`,
      against: "a Map read as large, awaited",
      value: took / floor,
      unit: "x",
      target: { atMost: 3 },
      detail: `${took.toFixed(0)} ns`,
    },
  ]
}
