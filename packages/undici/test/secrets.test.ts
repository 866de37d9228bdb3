import {
  type Answer,
  type Arrival,
  secretBearingAuth as auth,
  markIn,
  type RecordingServer,
  recordingServer,
  shown,
} from "@countersign/testkit"
import type { Dispatcher } from "undici"
import { afterEach, describe, expect, it } from "vitest"
import { withAuth } from "../src/index.ts"
import { releases } from "./releases.ts"

let server: RecordingServer
afterEach(() => server.close())

describe.each(releases)("%s", (_name, undici) => {
  const { retry, redirect, responseError } = undici.interceptors
  const thrown = async (
    answer: (arrival: Arrival) => Answer | Promise<Answer>,
    options: Partial<Dispatcher.RequestOptions> = {},
    ...interceptors: Dispatcher.DispatcherComposeInterceptor[]
  ): Promise<unknown> => {
    server = await recordingServer(answer)
    const agent = new undici.Agent()
    const dispatcher = withAuth(agent, auth, { hosts: ["127.0.0.1"] }).compose(interceptors)
    try {
      const { body } = await dispatcher.request({ origin: server.url, path: "/", method: "GET", ...options })
      return await body.text()
    } catch (error) {
      return error
    } finally {
      await agent.destroy()
    }
  }
  const stuck = (): Promise<never> => new Promise(() => undefined)

  it.each<[string, () => Promise<unknown>]>([
    ["a timeout", () => thrown(stuck, { headersTimeout: 50 })],
    ["an abort", () => thrown(stuck, { signal: AbortSignal.timeout(50) })],
    ["an answer that is an error", () => thrown(() => ({ status: 403 }), {}, responseError())],
    [
      "the last of several attempts",
      () => thrown(() => ({ status: 503 }), {}, retry({ minTimeout: 1, maxRetries: 1 })),
    ],
    [
      "a redirect that cannot be followed",
      () =>
        thrown(
          () => ({ status: 302, headers: { location: "http://127.0.0.1:2/" } }),
          {},
          redirect({ maxRedirections: 1 }),
        ),
    ],
    [
      "a body that was not what was said",
      () => thrown(() => ({}), { method: "PUT", body: "abc", headers: { "content-length": "9" } }),
    ],
  ])("%s shows no secret", async (_, fail) => {
    const error = await fail()
    expect(error).toBeInstanceOf(Error)
    expect(markIn(shown(error), "secret-")).toBeUndefined()
  })

  it("a connection that breaks shows no secret", async () => {
    server = await recordingServer()
    await server.close()
    const agent = withAuth(new undici.Agent(), auth, { hosts: ["127.0.0.1"] })
    const error = await undici.request(server.url, { dispatcher: agent }).catch((caught: unknown) => caught)
    expect(error).toMatchObject({ code: "ECONNREFUSED" })
    expect(markIn(shown(error), "secret-")).toBeUndefined()
    const fetched = await undici.fetch(server.url, { dispatcher: agent }).catch((caught: unknown) => caught)
    expect(fetched).toBeInstanceOf(TypeError)
    expect(markIn(shown(fetched), "secret-")).toBeUndefined()
  })

  it("answers and the dispatcher itself show no secret", async () => {
    server = await recordingServer()
    const agent = withAuth(new undici.Agent(), auth, { hosts: ["127.0.0.1"] })
    const response = await undici.request(server.url, { dispatcher: agent })
    const fetched = await undici.fetch(server.url, { dispatcher: agent })
    expect(server.arrivals.map(({ headers }) => headers["x-security-token"])).toEqual(["secret-2", "secret-2"])
    expect(markIn(shown(response), "secret-")).toBeUndefined()
    expect(markIn(shown(fetched), "secret-")).toBeUndefined()
    await Promise.all([response.body.text(), fetched.text()])
    expect(markIn(shown(agent), "secret-")).toBeUndefined()
  })
})
