// Options that the construction does not look at: a malformed one fails the first request, before it is sent.
import { describe, expect, it } from "vitest"
import { type AkskAuthOptions, akskAuth } from "../../src/auth/aksk-auth.ts"
import { authenticatedSend } from "../../src/engine/authenticated-call.ts"

const credentials = { accessKeyId: "QTWAOYTTINDUT2QVKYUC", secretAccessKey: "s3cret" }
const request = { method: "GET", url: "https://api.example.com/", headers: {} }

describe("an option of akskAuth", () => {
  it.each([
    [{ cloud: "otc.t-systems.com" }, "`cloud` must be a preset"],
    [{ cloud: { domain: "com" } }, "`cloud` must be a preset"],
    [{ clock: { now: Date.now } }, "`clock` must be an object with the functions now, monotonic and sleep."],
    [{ clock: 5 }, "`clock` must be"],
    [{ label: 5 }, "`label` must be a text."],
    [{ onEvent: "log" }, "`onEvent` must be a function."],
  ])("is refused before anything is sent: %o", async (options, message) => {
    const auth = akskAuth(credentials, options as unknown as AkskAuthOptions)
    let sends = 0
    const send = async (): Promise<Response> => {
      sends += 1
      return new Response()
    }
    for (let time = 0; time < 2; time++) {
      await expect(authenticatedSend(auth, request, send, { hosts: ["api.example.com"] })).rejects.toMatchObject({
        code: "AUTH_INVALID_OPTION",
        message: expect.stringContaining(message),
      })
    }
    expect(sends).toBe(0)
  })
})
