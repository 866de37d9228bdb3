import { Readable } from "node:stream"
import { akskAuth, tokenAuth } from "@countersign/auth-core"
import { describe, expect, it } from "vitest"
import { bodySamples } from "../body-kinds.ts"
import type { Arrival, RecordingServer } from "../recording-server.ts"
import { aksk } from "./aksk.ts"
import type { ContractContext } from "./contract-context.ts"
import { countingTokens } from "./counting-tokens.ts"
import { expiredTokenAnswer, wrongSignatureAnswer } from "./rejection-answers.ts"
import { credentials } from "./sample-credentials.ts"

/** The contract of a 401: one refresh, one replay, or none. */
export function rejectionsContract({ adapter, serve, listen }: ContractContext): void {
  describe("a 401 to a token", () => {
    const gateway = (valid: () => string | undefined): Promise<RecordingServer> =>
      serve(({ headers }) => (headers["x-auth-token"] === valid() ? {} : expiredTokenAnswer))

    it.each(["JSON object", "Buffer", "FormData with a file"] as const)(
      "makes one refresh and one replay with the same body: %s",
      async (kind) => {
        const tokens = countingTokens()
        const server = await gateway(() => "MIIsecret-token-number-2")
        const send = adapter.connect({ baseUrl: server.url, auth: tokenAuth(tokens.provider) })
        const { make, as, expected } = bodySamples[kind]
        expect((await send({ method: "POST", path: "/x", body: make(), as })).status).toBe(200)
        expect(tokens.calls).toBe(2)
        expect(server.arrivals).toHaveLength(2)
        if (expected !== undefined) expect(server.arrivals[1]?.body).toEqual(expected)
      },
    )

    it.skipIf(adapter.takesNoStreams)(
      "to a stream that goes out as it comes makes one replay with the whole stream",
      async () => {
        let begun = (): void => undefined
        const hasBegun = new Promise<void>((resolve) => {
          begun = resolve
        })
        const received: string[] = []
        const url = await listen(async (request, response) => {
          let text = ""
          for await (const chunk of request) {
            text += chunk
            begun()
          }
          response.writeHead(received.push(text) === 1 ? 401 : 200, { "content-type": "application/json" })
          response.end(expiredTokenAnswer.body)
        })
        const body = Readable.from(
          (async function* () {
            yield Buffer.from("a")
            // A client that first reads it to its end waits for ever.
            await hasBegun
            yield Buffer.from("b")
          })(),
          { objectMode: false },
        )
        const auth = tokenAuth(countingTokens().provider)
        const send = adapter.connect({ baseUrl: url, auth, options: { hosts: [new URL(url).host] } })
        const { status } = await send({ method: "POST", path: "/x", body, as: "body" })
        expect([status, received]).toEqual(adapter.keepsNoStreams ? [401, ["ab"]] : [200, ["ab", "ab"]])
      },
    )

    it("causes one refresh for ten concurrent requests, and all succeed", async () => {
      const tokens = countingTokens(20)
      const server = await gateway(() => "MIIsecret-token-number-2")
      const send = adapter.connect({ baseUrl: server.url, auth: tokenAuth(tokens.provider) })
      const responses = await Promise.all(Array.from({ length: 10 }, () => send({ path: "/x" })))
      expect(responses.map(({ status }) => status)).toEqual(Array.from({ length: 10 }, () => 200))
      expect(tokens.calls).toBe(2)
    })

    it("for an older token causes no refresh", async () => {
      const tokens = countingTokens()
      let release = (): void => undefined
      const held = new Promise<void>((resolve) => {
        release = resolve
      })
      let valid = "MIIsecret-token-number-1"
      const server = await serve(async ({ target, headers }) => {
        const accepted = headers["x-auth-token"] === valid
        if (target === "/late" && !accepted) await held
        if (target === "/late" && accepted && valid.endsWith("1")) {
          await held
          return expiredTokenAnswer
        }
        return accepted ? {} : expiredTokenAnswer
      })
      const send = adapter.connect({ baseUrl: server.url, auth: tokenAuth(tokens.provider) })
      await send({ path: "/warm" })
      const late = send({ path: "/late" })
      while (!server.arrivals.some(({ target }) => target === "/late"))
        await new Promise((resolve) => setTimeout(resolve, 2))
      valid = "MIIsecret-token-number-2"
      expect((await send({ path: "/early" })).status).toBe(200)
      expect(tokens.calls).toBe(2)
      release()
      expect((await late).status).toBe(200)
      expect(tokens.calls).toBe(2)
    })

    it("is given to the caller when the replay is refused too", async () => {
      const tokens = countingTokens()
      const server = await gateway(() => undefined)
      const send = adapter.connect({ baseUrl: server.url, auth: tokenAuth(tokens.provider) })
      expect((await send({ path: "/x" })).status).toBe(401)
      expect(server.arrivals).toHaveLength(2)
    })
  })

  describe("a 401 to a signature", () => {
    it("that has expired corrects the clock and causes one replay", async () => {
      const ahead = 20 * 60_000
      const server = await serve((_arrival, index) =>
        index > 0
          ? {}
          : {
              status: 401,
              headers: { date: new Date(Date.now() + ahead).toUTCString() },
              body: JSON.stringify({
                error_code: "APIGW.0301",
                error_msg: "Incorrect IAM authentication information: calc aksk signature fail:signature expired",
                request_id: "r-1",
              }),
            },
      )
      const send = adapter.connect({ baseUrl: server.url, auth: akskAuth(credentials) })
      expect((await send({ path: "/x" })).status).toBe(200)
      expect((await send({ path: "/y" })).status).toBe(200)
      expect(server.arrivals).toHaveLength(3)
      const signedAt = (arrival: Arrival | undefined): number =>
        Date.parse(String(arrival?.headers["x-sdk-date"]).replace(/^(....)(..)(..T..)(..)(..Z)$/, "$1-$2-$3:$4:$5"))
      for (const arrival of server.arrivals.slice(1))
        expect(Math.abs(signedAt(arrival) - Date.now() - ahead)).toBeLessThan(10_000)
    })

    it("that has expired corrects the clock by the two times in the text, without a Date header", async () => {
      const ahead = 20 * 60_000
      const stamp = (time: number): string => new Date(time).toISOString().replace(/[-:]|\.\d+/g, "")
      const signed: string[] = []
      const url = await listen(async (request, response) => {
        const signedAt = String(request.headers["x-sdk-date"])
        response.sendDate = false
        if (signed.push(signedAt) > 1) return response.end("{}")
        const times = `signature time:${signedAt},server time:${stamp(Date.now() + ahead)}`
        const error_msg = `Incorrect IAM authentication information: calc aksk signature fail:signature expired, ${times}`
        response.writeHead(401, { "content-type": "application/json" })
        return response.end(JSON.stringify({ error_code: "APIGW.0301", error_msg, request_id: "r-1" }))
      })
      const offsets: number[] = []
      const auth = akskAuth(credentials, { onClockOffset: ({ offsetMs }) => offsets.push(offsetMs) })
      const send = adapter.connect({ baseUrl: url, auth, options: { hosts: [new URL(url).host] } })
      expect((await send({ path: "/x" })).status).toBe(200)
      expect((await send({ path: "/y" })).status).toBe(200)
      expect(signed).toHaveLength(3)
      expect(offsets).toEqual([expect.closeTo(ahead, -5)])
    })

    it("that does not match is never sent again", async () => {
      const server = await serve(() => wrongSignatureAnswer)
      const send = adapter.connect({ baseUrl: server.url, auth: aksk() })
      expect((await send({ path: "/x" })).status).toBe(401)
      expect(server.arrivals).toHaveLength(1)
    })
  })
}
