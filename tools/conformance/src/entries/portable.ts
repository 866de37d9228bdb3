// Only the signatures, with the hashes in JavaScript that a browser would get: for runtimes that usually have node:crypto.
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
