import { tokenAuth } from "@countersign/auth-core"
import { describe, expect, it } from "vitest"
import { type BodyKind, type BodySample, bodySamples } from "../body-kinds.ts"
import type { Arrival } from "../recording-server.ts"
import type { AdapterRequest } from "./adapter-under-test.ts"
import { aksk } from "./aksk.ts"
import type { ContractContext } from "./contract-context.ts"
import { countingTokens } from "./counting-tokens.ts"
import { signatureVerdict } from "./signature-verdicts.ts"

/** The contract of bodies: every kind arrives intact and correctly signed. */
export function bodiesContract({ adapter, serve }: ContractContext): void {
  describe("a body arrives complete and with a valid signature", () => {
    const samples = { ...bodySamples, ...adapter.bodies }
    const bareArrival = async (request: AdapterRequest, sample: BodySample): Promise<Arrival> => {
      const server = await serve()
      await adapter.connect({ baseUrl: server.url })({ ...request, body: sample.make() })
      const [arrival] = server.arrivals
      if (arrival === undefined) throw new Error("nothing arrived without auth")
      return arrival
    }
    for (const [kind, sample] of Object.entries(samples) as [BodyKind, BodySample][]) {
      const refusal = adapter.refuses?.[kind]
      const isAdded = adapter.adds?.includes(kind) === true
      if (refusal !== undefined) {
        it(`${kind}: is refused with an error (${refusal}), and nothing is sent`, async () => {
          const server = await serve()
          const send = adapter.connect({ baseUrl: server.url, auth: aksk() })
          await expect(send({ method: "POST", path: "/b", body: sample.make(), as: sample.as })).rejects.toBeInstanceOf(
            Error,
          )
          expect(server.arrivals).toEqual([])
        })
        continue
      }
      it.each([
        ["AK/SK", () => aksk()],
        ["token", () => tokenAuth(countingTokens().provider)],
      ])(`${kind}, %s`, async (method, auth) => {
        const server = await serve()
        const request = { method: "POST", path: "/b", as: sample.as }
        await adapter.connect({ baseUrl: server.url, auth: auth() })({ ...request, body: sample.make() })
        const [arrival] = server.arrivals
        if (arrival === undefined) throw new Error("nothing arrived")
        if (sample.expected !== undefined) expect(arrival.body).toEqual(sample.expected)
        if (sample.contains !== undefined) expect(arrival.body.includes(sample.contains)).toBe(true)
        if (sample.contentType !== undefined) expect(arrival.headers["content-type"]).toMatch(sample.contentType)
        else if (!isAdded)
          expect(arrival.headers["content-type"]).toBe((await bareArrival(request, sample)).headers["content-type"])
        if (method === "AK/SK") expect(await signatureVerdict(server, arrival)).toBe("valid")
        else expect(arrival.headers["x-auth-token"]).toBe("MIIsecret-token-number-1")
      })
    }
  })
}
