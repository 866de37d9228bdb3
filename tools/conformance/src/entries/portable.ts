// Runs only the signatures, with a browser's hashes in JavaScript, on runtimes that have node:crypto.
import "@countersign/auth-core/p256"
import "@countersign/auth-core/sm2"
import "@countersign/auth-core/sm3"
import { runProgram } from "../program.ts"

const { process } = globalThis
const [control = ""] = process.argv.slice(2)
runProgram(new URL(control), {}, {}).then(
  () => process.exit(0),
  (error: unknown) => {
    console.error(error)
    process.exit(1)
  },
)
