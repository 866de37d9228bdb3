// The program that measures one part: run by run-part.ts, in the runtime that is measured.
import { parts } from "./parts.ts"
import type { Effort } from "./row.ts"

const [, , name, effort] = process.argv
const part = parts.find((planned) => planned.name === name)
if (part === undefined || effort === undefined) throw new Error(`There is no part ${name}.`)
const measure = await part.load()
const findings = await measure(JSON.parse(effort) as Effort)
// Clients keep connections open, and so the process.
process.stdout.write(`\n${JSON.stringify(findings)}\n`, () => process.exit())
