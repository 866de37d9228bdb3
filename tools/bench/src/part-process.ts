// The program that measures one part, started by run-part.ts in the measured runtime.
import { parts } from "./parts.ts"
import type { Effort } from "./row.ts"

const [, , name, effort] = process.argv
const part = parts.find((planned) => planned.name === name)
if (part === undefined || effort === undefined) throw new Error(`There is no part ${name}.`)
const measure = await part.load()
const findings = await measure(JSON.parse(effort) as Effort)
// Clients keep connections open, which would keep the process alive.
process.stdout.write(`\n${JSON.stringify(findings)}\n`, () => process.exit())
