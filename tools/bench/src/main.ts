import { parseArgs } from "node:util"
import { cachedTokens } from "./cached-tokens.ts"
import { largeBodies } from "./large-bodies.ts"
import { meets, type Row } from "./row.ts"
import { smallRequests } from "./small-requests.ts"

const WIDTHS = [44, 40, 14, 18, 0]

const { values } = parseArgs({ options: { quick: { type: "boolean", default: false } } })

const rows: Row[] = []
for (const part of [smallRequests, largeBodies, cachedTokens]) rows.push(...(await part(values)).rows)
const cells = rows.map((row) => [
  row.what,
  row.against,
  `${row.value.toFixed(2)} ${row.unit}`,
  targetOf(row),
  row.detail ?? "",
])
for (const line of [["what", "against", "measured", "target", ""], ...cells])
  console.log(
    line
      .map((cell, index) => cell.padEnd(WIDTHS[index] ?? 0))
      .join("  ")
      .trimEnd(),
  )

function targetOf(row: Row): string {
  const { target } = row
  if (target === undefined) return ""
  const bound = "atMost" in target ? `<= ${target.atMost}` : `>= ${target.atLeast}`
  return meets(row) === true ? bound : `${bound}, missed`
}
