import { describe, expect, it } from "vitest"
import { aksk } from "./aksk.ts"
import type { ContractContext } from "./contract-context.ts"
import { signatureVerdicts } from "./signature-verdicts.ts"

/** The contract of URLs: the one that is signed is the one that is sent. */
export function urlsContract({ adapter, serve }: ContractContext): void {
  describe("the signed URL is the URL that is sent", () => {
    it.each([
      ["a space in the path", "/v1/a%20b"],
      ["a URN in the path", "/v1/urn%3Afss%3Aregion/x"],
      ["unicode in the path", "/v1/世界/ü"],
      ["a quote in path and query", "/v1/o'neil?name=o'neil"],
      ["brackets and pipes", "/v1/a|b?tags[0]=x&sort=a|b"],
      ["repeated and unsorted names", "/v1/x?b=2&a=1&b=1&a"],
      ["a space as plus", "/v1/x?q=a+b"],
      ["an encoded plus", "/v1/x?q=a%2Bb"],
      ["a colon beside a hyphen", "/v1/x?a:b=1&a-b=2"],
      ["an empty path", ""],
      ["a trailing slash", "/v1/x/"],
    ])("with %s", async (_, path) => {
      const server = await serve()
      await adapter.connect({ baseUrl: server.url, auth: aksk() })({ path })
      expect(await signatureVerdicts(server)).toEqual(["valid"])
      expect(server.arrivals[0]?.target).not.toContain("+")
    })
  })
}
