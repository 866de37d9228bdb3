// For workerd. A request names the control server.
import "@countersign/auth-core/p256"
import "@countersign/auth-core/sm2"
import "@countersign/auth-core/sm3"
import { connectors } from "../connectors-web.ts"
import { runProgram } from "../program.ts"

export default {
  async fetch(request: Request): Promise<Response> {
    const control = new URL(request.url).searchParams.get("control") ?? ""
    await runProgram(new URL(control), connectors, {})
    return new Response("done")
  },
}
