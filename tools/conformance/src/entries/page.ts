// For a browser. The page comes from the control server.
import "@countersign/auth-core/p256"
import "@countersign/auth-core/sm2"
import "@countersign/auth-core/sm3"
import { connectors } from "../connectors-web.ts"
import { runProgram } from "../program.ts"

runProgram(new URL(globalThis.location.href), connectors, {})
  .then(() => {
    document.title = "done"
  })
  .catch((error: unknown) => {
    document.title = `failed: ${String(error)}`
  })
