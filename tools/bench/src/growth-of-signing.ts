import { sign } from "@countersign/auth-core"
import { at, curves } from "./curves.ts"
import { median, ratio } from "./distribution.ts"
import { credentials, get } from "./example-request.ts"
import { time } from "./figures.ts"
import { type Batch, interleaved, sync } from "./rounds.ts"
import type { Curve, Part } from "./row.ts"

const NAMES = ["query pairs", "signed headers"] as const

/** Measures how signatures grow with the size of the request. */
export const growthOfSigning: Part = async ({ quick }) => {
  const sizes = quick ? [1, 100, 1_000] : [1, 3, 10, 30, 100, 300, 1_000]
  const cases: Record<string, Batch> = {}
  for (const size of sizes) {
    // Unordered, so that the signer has to sort.
    const numbers = Array.from({ length: size }, (_, index) => (index * 7_919) % size)
    const pairs = numbers.map((number) => `name-${number}=value%20${number}`)
    const url = `${new URL(get.url).origin}/v1/servers?${pairs.join("&")}`
    const headers = Object.fromEntries(numbers.map((number) => [`x-name-${number}`, `value ${number}`]))
    const signedHeaders = ["host", "x-sdk-date", ...Object.keys(headers)]
    cases[at(NAMES[0], size)] = sync(() => sign({ ...get, url }, credentials))
    cases[at(NAMES[1], size)] = sync(() => sign({ ...get, headers }, credentials, { signedHeaders }))
  }
  const samples = await interleaved(cases, { rounds: quick ? 15 : 61 })
  const rows = NAMES.map((name) => {
    const [few, many] = [at(name, 100), at(name, 1_000)]
    const { value, spread } = ratio(samples, many, few)
    const allowed = sorting(1_000) / sorting(100)
    return {
      id: `growth-${name.replace(" ", "-")}`,
      what: `signing 1,000 ${name}, beside 100`,
      against: `n log n, ${allowed} x`,
      value: value / allowed,
      spread: [spread[0] / allowed, spread[1] / allowed] as const,
      unit: "x" as const,
      target: { atMost: 1 },
      detail: `${time(median(samples[few] ?? []))}, then ${time(median(samples[many] ?? []))}`,
    }
  })
  const measured = curves(samples, NAMES, sizes)
  const chart = {
    id: "performance-signing",
    title: "Signing a GET",
    sizes: "query pairs, or signed headers",
    cost: "one signature",
    curves: [...measured, sortingCurve(measured)],
  }
  return { rows, charts: [chart] }
}

/** The slope of sorting, through the highest of the last points. */
function sortingCurve(measured: readonly Curve[]): Curve {
  const [size, cost] = measured
    .map(({ points }) => points.at(-1) ?? ([1, 0] as const))
    .reduce((highest, point) => (point[1] > highest[1] ? point : highest))
  const sizes = (measured[0]?.points ?? []).map(([own]) => own).filter((own) => own >= 10)
  return { name: "n log n", points: sizes.map((own) => [own, (cost * sorting(own)) / sorting(size)] as const) }
}

function sorting(size: number): number {
  return size * Math.log10(size)
}
