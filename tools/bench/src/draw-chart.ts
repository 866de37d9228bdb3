import { LineChart } from "echarts/charts"
import { GridComponent, LegendComponent, TitleComponent } from "echarts/components"
import { init, use } from "echarts/core"
import { SVGRenderer } from "echarts/renderers"
import { time } from "./figures.ts"
import type { Chart } from "./row.ts"

use([LineChart, GridComponent, LegendComponent, TitleComponent, SVGRenderer])

/** Each colour for a light page, with its replacement for a dark one. */
const COLOURS = {
  page: ["#ffffff", "#0d1117"],
  text: ["#1f2328", "#e6edf3"],
  line: ["#59636e", "#9198a1"],
  grid: ["#d1d9e0", "#3d444d"],
} as const
const CURVES = [
  ["#0969da", "#4493f8"],
  ["#bc4c00", "#f0883e"],
  ["#6e7781", "#8d96a0"],
] as const
/** Symbols, so that curves differ without colours too. */
const SYMBOLS = ["circle", "triangle", "none"] as const

/** Draws a chart as SVG with logarithmic axes. It follows the colour scheme of its page. */
export function drawChart({ title, sizes, cost, curves }: Chart): string {
  const chart = init(null, null, { renderer: "svg", ssr: true, width: 760, height: 420 })
  const { page, text, line, grid } = COLOURS
  const axis = {
    type: "log" as const,
    nameLocation: "middle" as const,
    nameTextStyle: { color: text[0], fontSize: 13 },
    axisLabel: { color: text[0], fontSize: 12 },
    axisLine: { show: true, lineStyle: { color: line[0] } },
    splitLine: { show: true, lineStyle: { color: grid[0] } },
  }
  chart.setOption({
    animation: false,
    backgroundColor: page[0],
    textStyle: { fontFamily: "system-ui, sans-serif" },
    title: { text: title, left: "center", top: 10, textStyle: { color: text[0], fontSize: 16 } },
    legend: { top: 38, textStyle: { color: text[0], fontSize: 13 }, itemWidth: 34, itemGap: 32 },
    grid: { left: 76, right: 44, top: 76, bottom: 56 },
    xAxis: {
      ...axis,
      name: sizes,
      nameGap: 32,
      axisLabel: { ...axis.axisLabel, formatter: (size: number) => size.toLocaleString("en") },
    },
    yAxis: {
      ...axis,
      name: cost,
      nameGap: 58,
      axisLabel: { ...axis.axisLabel, formatter: (nanoseconds: number) => time(nanoseconds).replace(".00", "") },
    },
    series: curves.map(({ name, points }, index) => ({
      type: "line" as const,
      name,
      data: points.map(([size, nanoseconds]) => [size, nanoseconds]),
      color: CURVES[index % CURVES.length]?.[0],
      symbol: SYMBOLS[index % SYMBOLS.length],
      symbolSize: 8,
      lineStyle: { width: 2, type: index < 2 ? ("solid" as const) : ("dashed" as const) },
    })),
  })
  const svg = chart.renderToSVGString()
  chart.dispose()
  return `${svg.replace(/(<svg[^>]*>)/, `$1\n${darkStyle()}`)}\n`
}

function darkStyle(): string {
  const rules = [...Object.values(COLOURS), ...CURVES].flatMap(([light, dark]) => [
    `[fill="${light}"]{fill:${dark}}`,
    `[stroke="${light}"]{stroke:${dark}}`,
  ])
  return `<style>@media(prefers-color-scheme:dark){${rules.join("")}}</style>`
}
