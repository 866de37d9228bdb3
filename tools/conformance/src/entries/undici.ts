// For what runs undici: the address of the control server is the only argument.
import process from "node:process"
import "@countersign/auth-core/sm3"
import { makers } from "../body-makers-node.ts"
import { connectors } from "../connectors-undici.ts"
import { runProgram } from "../program.ts"

const [control = ""] = process.argv.slice(2)
runProgram(new URL(control), connectors, makers).then(
  () => process.exit(0),
  (error: unknown) => {
    console.error(error)
    process.exit(1)
  },
)
