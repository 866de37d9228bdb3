import { parseArgs } from "node:util"
import { parts } from "./parts.ts"
import { printTable } from "./print-table.ts"
import { runPart } from "./run-part.ts"
import { runtimes } from "./runtimes.ts"

const { values } = parseArgs({
  options: { quick: { type: "boolean", default: false }, part: { type: "string", multiple: true, default: [] } },
})
for (const part of parts.filter(({ name }) => values.part.length === 0 || values.part.includes(name))) {
  const begun = performance.now()
  const { rows } = await runPart(part, await runtimes.node(), { quick: values.quick, node: process.execPath })
  console.log(printTable(rows))
  console.error(`${part.name}: ${((performance.now() - begun) / 1000).toFixed(1)} s`)
}
