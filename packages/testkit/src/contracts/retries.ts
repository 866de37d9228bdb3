import { describe, expect, it } from "vitest"
import { bodySamples } from "../body-kinds.ts"
import { aksk } from "./aksk.ts"
import type { ContractContext } from "./contract-context.ts"
import { signatureVerdicts } from "./signature-verdicts.ts"

/** The contract of the client's own retries. */
export function retriesContract({ adapter, serve }: ContractContext): void {
  describe.skipIf(adapter.neverRetries === true)("a retry of the client", () => {
    const kinds = (["JSON object", "FormData with a file", "Buffer"] as const).filter(
      (kind) => adapter.spoilsOnRetry?.includes(kind) !== true,
    )
    it.each(kinds)("is signed anew each time, with a body of the kind %s", async (kind) => {
      const server = await serve((_arrival, index) => (index < 2 ? { status: 503 } : {}))
      const send = adapter.connect({ baseUrl: server.url, auth: aksk() })
      const { make, as } = bodySamples[kind]
      const { status } = await send({ method: "PUT", path: "/r", body: make(), as, retries: 2 })
      expect(status).toBe(200)
      expect(await signatureVerdicts(server)).toEqual(["valid", "valid", "valid"])
      expect(new Set(server.arrivals.map(({ headers }) => headers.authorization)).size).toBe(3)
      expect(new Set(server.arrivals.map(({ headers }) => headers["content-type"]?.split(";")[0])).size).toBe(1)
    })
  })
}
