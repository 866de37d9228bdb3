/** A number, and what it would be at best. */
export interface Figure {
  readonly group: string
  readonly name: string
  readonly value: number
  readonly ideal: number
}

const WIDTH = 760
const LEFT = 170
/** The width of a bar that is the ideal. */
const IDEAL_WIDTH = 300
const ROW = 30
const BAR = 18

/** Bars as long as their share of the ideal, in colours that suit a light page and a dark one. */
export function chartOf(title: string, figures: readonly Figure[]): string {
  const lines: string[] = []
  let top = 50
  let group = ""
  for (const figure of figures) {
    if (figure.group !== group) {
      group = figure.group
      lines.push(`<text class="group" x="16" y="${top + 14}">${group}</text>`)
      top += ROW
    }
    const width = Math.round((figure.value / figure.ideal) * IDEAL_WIDTH)
    const middle = top + BAR / 2 + 4
    const percent = Math.round((figure.value / figure.ideal) * 100)
    const note = `${figure.value.toLocaleString("en")}, ${percent} % of ${figure.ideal.toLocaleString("en")}`
    lines.push(
      `<text x="${LEFT - 10}" y="${middle}" text-anchor="end">${figure.name}</text>`,
      `<rect class="bar" x="${LEFT}" y="${top}" width="${width}" height="${BAR}" rx="2"/>`,
      `<line class="ideal" x1="${LEFT + IDEAL_WIDTH}" x2="${LEFT + IDEAL_WIDTH}" y1="${top - 3}" y2="${top + BAR + 3}"/>`,
      `<text x="${LEFT + Math.max(width, IDEAL_WIDTH) + 10}" y="${middle}">${note}</text>`,
    )
    top += ROW
  }
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${top + 10}" role="img" aria-label="${title}">
<title>${title}</title>
<style>
text { font: 13px system-ui, sans-serif; fill: #24292f }
.title { font-size: 15px; font-weight: 600 }
.group { font-weight: 600 }
.bar { fill: #3b82c4 }
.ideal { stroke: #24292f; stroke-width: 2; stroke-dasharray: 3 2 }
@media (prefers-color-scheme: dark) {
  text { fill: #e6edf3 }
  .bar { fill: #58a6ff }
  .ideal { stroke: #e6edf3 }
}
</style>
<text class="title" x="16" y="28">${title} (dashed line)</text>
${lines.join("\n")}
</svg>
`
}
