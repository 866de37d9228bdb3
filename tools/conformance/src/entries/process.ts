// For Node, Bun and Deno. The only argument is the address of the control server.
import process from "node:process"
import "@countersign/auth-core/p256"
import "@countersign/auth-core/sm2"
import "@countersign/auth-core/sm3"
import { makers } from "../body-makers-node.ts"
import { connectors } from "../connectors-node.ts"
import { runProgram } from "../program.ts"

const [control = ""] = process.argv.slice(2)
runProgram(new URL(control), connectors, makers).then(
  () => process.exit(0),
  (error: unknown) => {
    console.error(error)
    process.exit(1)
  },
)
