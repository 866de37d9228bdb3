import { join } from "node:path"
import { layoutFaults } from "./layout/layout-faults.ts"
import { layoutRules } from "./layout/layout-rules.ts"
import { packageEntries } from "./layout/package-entries.ts"
import { sourceModules } from "./layout/source-module.ts"

const workspace = process.argv[2] ?? join(import.meta.dirname, "../../..")
const modules = sourceModules(workspace, [
  "*.{ts,js,mjs,cjs}",
  "{packages,tools,examples}/**/*.{ts,tsx,mts,js,mjs,cjs}",
])
const faults = layoutFaults(modules, packageEntries(workspace), layoutRules)
for (const fault of faults) console.error(fault)
process.exitCode = faults.length === 0 ? 0 : 1
