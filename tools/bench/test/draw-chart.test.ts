import { expect, it } from "vitest"
import { drawChart } from "../src/draw-chart.ts"

const svg = drawChart({
  id: "performance-signing",
  title: "Signing a GET",
  sizes: "query pairs",
  cost: "one signature",
  curves: [
    {
      name: "measured",
      points: [
        [1, 2_000],
        [1_000, 900_000],
      ],
    },
    { name: "n log n", points: [[10, 3_000]] },
  ],
})

it("draws an SVG with titles", () => {
  expect(svg).toMatch(/^<svg [\s\S]*<\/svg>\n$/)
  for (const text of ["Signing a GET", "query pairs", "one signature", "measured", "n log n", ">1,000<", ">10 µs<"])
    expect(svg).toContain(text)
})

it("replaces every colour on a dark page", () => {
  const [, dark = ""] = /@media\(prefers-color-scheme:dark\)\{(.*)\}<\/style>/.exec(svg) ?? []
  const used = new Set(Array.from(svg.replace(dark, "").matchAll(/<text[^>]* fill="([^"]+)"/g), ([, colour]) => colour))
  expect(used.size).toBeGreaterThan(0)
  for (const colour of used) expect(dark).toContain(`[fill="${colour}"]{fill:`)
  expect(dark).toContain('[fill="#ffffff"]{fill:#0d1117}')
})
