import { Readable } from "node:stream"
import { describe, expect, it, vi } from "vitest"
import type { Attempt, Auth, Rejection } from "../../src/auth/auth.ts"
import { autoAuth } from "../../src/auth/auth.ts"
import { tokenAuth } from "../../src/auth/token-auth.ts"
import { authenticatedSend } from "../../src/engine/authenticated-call.ts"
import { streamBody } from "../../src/engine/client-body.ts"
import type { OnRedirect } from "../../src/engine/redirect.ts"
import type { WireRequest } from "../../src/engine/wire-request.ts"

const BASE = "https://api.example.com"
const options = { hosts: ["api.example.com", "other.example.com"] }

interface NumberingAuth extends Auth {
  attempts: Attempt[]
  rejections: Rejection[]
}

/** Gives each attempt a number as its secret, so that a stale one shows. */
function numbering({
  limit,
  replay = false,
  name = "secret",
}: {
  limit?: number
  replay?: boolean
  name?: string
} = {}): NumberingAuth {
  const attempts: Attempt[] = []
  const rejections: Rejection[] = []
  return {
    attempts,
    rejections,
    bodyLimit: () => limit,
    authenticate: (attempt) => ({
      headers: { "x-auth-token": `${name}-${attempts.push(attempt)}` },
      used: attempts.length,
    }),
    judge: (_, rejection) => {
      rejections.push(rejection)
      return replay
    },
  }
}

/** Gives the answers in turn, and records the requests. */
function answering(...answers: (() => Response)[]): {
  sent: WireRequest[]
  send: (wire: WireRequest) => Promise<Response>
} {
  const sent: WireRequest[] = []
  return { sent, send: async (wire) => (answers[sent.push(wire) - 1] ?? (() => new Response("ok")))() }
}

const redirect = (status: number, location: string) => () => new Response(null, { status, headers: { location } })
const refused = () =>
  new Response(JSON.stringify({ error_code: "APIGW.0301", error_msg: "token expires" }), { status: 401 })

describe("each attempt", () => {
  it("is authenticated for its own URL, and keeps the caller's headers", async () => {
    const auth = numbering()
    const { sent, send } = answering()
    await authenticatedSend(
      auth,
      { method: "GET", url: `${BASE}/x?q=a+b#f`, headers: { accept: "a/b" } },
      send,
      options,
    )
    expect(sent[0]).toMatchObject({
      method: "GET",
      headers: { accept: "a/b", "x-auth-token": "secret-1" },
      authenticated: true,
    })
    expect(sent[0]?.url.href).toBe(`${BASE}/x?q=a%20b`)
    expect(auth.attempts[0]?.url).toBe(`${BASE}/x?q=a%20b`)
  })

  it("does not change the caller's header record", async () => {
    const headers = Object.freeze({ accept: "a/b" })
    const { send } = answering()
    await authenticatedSend(
      numbering({ limit: 10 }),
      { method: "POST", url: BASE, headers, body: new URLSearchParams("a=1") },
      send,
      options,
    )
    expect(headers).toEqual({ accept: "a/b" })
  })

  it("goes out bare with its body unchanged when the guard refuses", async () => {
    const auth = numbering({ limit: 1 })
    const { sent, send } = answering()
    const body = new Blob(["longer than the limit"])
    await authenticatedSend(
      auth,
      { method: "POST", url: "https://foreign.example.com/", headers: {}, body },
      send,
      options,
    )
    expect(sent[0]).toMatchObject({ headers: {}, body, authenticated: false })
    expect(auth.attempts).toEqual([])
  })
})

describe("a body", () => {
  it("stays unread when the auth does not need its bytes", async () => {
    const { sent, send } = answering()
    const body = new FormData()
    await authenticatedSend(numbering(), { method: "POST", url: BASE, headers: {}, body }, send, options)
    expect(sent[0]?.body).toBe(body)
  })

  it("is sent as the bytes that the auth saw, with their boundary", async () => {
    const auth = numbering({ limit: 1_000 })
    const { sent, send } = answering()
    const body = new FormData()
    body.append("a", "1")
    const headers = { "content-type": "application/x-www-form-urlencoded" }
    await authenticatedSend(auth, { method: "POST", url: BASE, headers, body }, send, options)
    expect(sent[0]?.body).toBe(auth.attempts[0]?.body)
    expect(sent[0]?.headers["content-type"]).toMatch(/^multipart\/form-data; ?boundary=/)
  })

  it("keeps a content type that the caller chose", async () => {
    const { sent, send } = answering()
    const request = {
      method: "POST",
      url: BASE,
      headers: { "content-type": "text/x-mine" },
      body: new URLSearchParams("a=1"),
    }
    await authenticatedSend(numbering({ limit: 10 }), request, send, options)
    expect(sent[0]?.headers["content-type"]).toBe("text/x-mine")
  })

  it("above the limit is an error that names the limit, before anything is sent", async () => {
    const { sent, send } = answering()
    const sending = authenticatedSend(
      numbering({ limit: 4 }),
      { method: "PUT", url: BASE, headers: {}, body: "12345" },
      send,
      options,
    )
    await expect(sending).rejects.toMatchObject({
      code: "AUTH_BODY_TOO_LARGE",
      message: expect.stringContaining("4 bytes"),
    })
    expect(sent).toEqual([])
  })

  it.each([
    ["is above the limit", numbering({ limit: 4 }), "AUTH_BODY_TOO_LARGE"],
    [
      "waits for a token that cannot be had",
      autoAuth({
        aksk: numbering({ limit: 4 }),
        token: tokenAuth(() => Promise.reject(new Error("IAM is down")), { cache: { backoff: false } }),
      }),
      expect.any(String),
    ],
  ])("that is a stream is closed when it %s", async (_, auth, code) => {
    const file = Readable.from([Buffer.from("1234"), Buffer.from("5678"), Buffer.from("9")])
    const { sent, send } = answering()
    const request = { method: "PUT", url: BASE, headers: {}, body: file }
    await expect(authenticatedSend(auth, request, send, options)).rejects.toMatchObject({ code })
    expect(file.destroyed).toBe(true)
    expect(sent).toEqual([])
  })

  it("is signed up to the limit and sent with the token above it by autoAuth", async () => {
    const auth = autoAuth({ aksk: numbering({ limit: 4, name: "signed" }), token: numbering({ name: "token" }) })
    const { sent, send } = answering()
    for (const body of ["1234", "12345"])
      await authenticatedSend(auth, { method: "PUT", url: BASE, headers: {}, body }, send, options)
    expect(sent.map(({ headers }) => headers["x-auth-token"])).toEqual(["signed-1", "token-1"])
  })
})

describe("a redirect", () => {
  it("causes a new attempt with its own secret", async () => {
    const { sent, send } = answering(redirect(307, "/b"), redirect(302, "https://other.example.com/c"))
    await authenticatedSend(numbering(), { method: "GET", url: `${BASE}/a`, headers: {} }, send, options)
    expect(sent.map(({ url, headers }) => `${url.href} ${headers["x-auth-token"]}`)).toEqual([
      `${BASE}/a secret-1`,
      `${BASE}/b secret-2`,
      "https://other.example.com/c secret-3",
    ])
    expect(sent.map(({ redirects }) => redirects)).toEqual([0, 1, 2])
  })

  it("to a foreign host carries no credential, and is authenticated anew on the way back", async () => {
    const { sent, send } = answering(redirect(307, "https://foreign.example.com/"), redirect(307, `${BASE}/back`))
    await authenticatedSend(numbering(), { method: "GET", url: BASE, headers: { "x-mine": "1" } }, send, options)
    expect(sent.map(({ headers }) => headers)).toEqual([
      { "x-mine": "1", "x-auth-token": "secret-1" },
      { "x-mine": "1" },
      { "x-mine": "1", "x-auth-token": "secret-2" },
    ])
  })

  describe("without a host list", () => {
    const ECS = "https://ecs.cn-north-4.myhuaweicloud.com"
    const IAM = "https://iam.cn-north-4.myhuaweicloud.com"
    const secretsSent = async (start: string, locations: string[], own = {}): Promise<unknown[]> => {
      const { sent, send } = answering(...locations.map((location) => redirect(307, location)))
      await authenticatedSend(numbering(), { method: "GET", url: start, headers: {}, ...own }, send)
      return sent.map(({ headers }) => headers["x-auth-token"])
    }

    it("to another origin carries no credential, even at Huawei Cloud, and neither do later hops", async () => {
      expect(await secretsSent(ECS, [`${IAM}/a`, `${IAM}/b`])).toEqual(["secret-1", undefined, undefined])
      expect(await secretsSent(ECS, [`${ECS}:8443/`])).toEqual(["secret-1", undefined])
      expect(await secretsSent(ECS, ["https://foreign.example.com/", ECS])).toEqual(["secret-1", undefined, undefined])
      expect(await secretsSent(ECS, [IAM.replace("https", "http"), ECS])).toEqual(["secret-1", undefined, undefined])
    })

    it("on the same origin keeps its credential", async () => {
      expect(await secretsSent(ECS, ["/a", `${ECS}/b`])).toEqual(["secret-1", "secret-2", "secret-3"])
    })

    it("to the base URL's origin gets a credential", async () => {
      const own = { baseUrl: `${IAM}/v3/` }
      expect(await secretsSent(ECS, [`${IAM}/a`, `${ECS}/b`], own)).toEqual(["secret-1", "secret-2", undefined])
    })

    it("carries no credential on a replay either", async () => {
      const { sent, send } = answering(redirect(307, IAM), refused)
      await authenticatedSend(numbering({ replay: true }), { method: "GET", url: ECS, headers: {} }, send)
      expect(sent.map(({ headers }) => headers["x-auth-token"])).toEqual(["secret-1", undefined])
    })
  })

  it("repeats a form with the same boundary", async () => {
    const { sent, send } = answering(redirect(307, "/b"))
    const body = new FormData()
    body.append("a", "1")
    await authenticatedSend(
      numbering({ limit: 1_000 }),
      { method: "POST", url: BASE, headers: {}, body },
      send,
      options,
    )
    expect(sent[1]?.body).toBe(sent[0]?.body)
    expect(sent[1]?.headers["content-type"]).toBe(sent[0]?.headers["content-type"])
  })

  it("is given to the caller when none may be followed", async () => {
    const { sent, send } = answering(redirect(302, "/b"))
    const response = await authenticatedSend(numbering(), { method: "GET", url: BASE, headers: {} }, send, {
      ...options,
      maxRedirects: 0,
    })
    expect(response.status).toBe(302)
    expect(sent).toHaveLength(1)
  })

  it("causes the client's own error when there are too many", async () => {
    const loop = redirect(302, "/again")
    const { sent, send } = answering(loop, loop, loop, loop)
    const tooManyRedirects = (): never => {
      throw new RangeError("client says: too many")
    }
    const sending = authenticatedSend(numbering(), { method: "GET", url: BASE, headers: {} }, send, {
      ...options,
      maxRedirects: 2,
      tooManyRedirects,
    })
    await expect(sending).rejects.toThrow("client says: too many")
    expect(sent).toHaveLength(3)
  })

  it("is reported once without secrets, even if its hop is replayed, and uses the headers that come back", async () => {
    const { sent, send } = answering(redirect(303, "/b"), refused)
    const events: unknown[] = []
    const onRedirect: OnRedirect<Response> = ({ from, response, to }) => {
      events.push([from.method, from.url.pathname, from.headers, response.status, to.method, to.url.pathname])
      return { "x-own": "changed" }
    }
    const headers = { "x-own": "1", "x-dropped": "1", cookie: "mine" }
    const request = { method: "PUT", url: `${BASE}/a`, headers }
    await authenticatedSend(numbering({ replay: true }), request, send, { ...options, onRedirect })
    expect(events).toEqual([["PUT", "/a", { "x-own": "1", "x-dropped": "1" }, 303, "GET", "/b"]])
    const own = { "x-own": "changed", cookie: "mine" }
    expect(sent.slice(1).map((wire) => wire.headers)).toEqual([
      { ...own, "x-auth-token": "secret-2" },
      { ...own, "x-auth-token": "secret-3" },
    ])
  })

  it("sends an unread stream again", async () => {
    const { send } = answering(redirect(307, "/b"))
    const received: string[] = []
    const reading = async (wire: WireRequest): Promise<Response> => {
      received.push(await new Response(streamBody(wire.body as AsyncIterable<Uint8Array>)).text())
      return send(wire)
    }
    const request = { method: "POST", url: BASE, headers: {}, body: new Blob(["x"]).stream() }
    expect((await authenticatedSend(numbering(), request, reading, options)).status).toBe(200)
    expect(received).toEqual(["x", "x"])
  })

  it("that would send a spent stream again is an error that says so", async () => {
    const { send } = answering(redirect(307, "/b"))
    const request = { method: "POST", url: BASE, headers: {}, body: new Blob(["x"]).stream(), asIs: true }
    await expect(authenticatedSend(numbering(), request, send, options)).rejects.toMatchObject({
      code: "AUTH_BODY_UNSIGNABLE",
    })
  })
})

describe("a rejection", () => {
  it("is replayed once, authenticated anew, with the same bytes", async () => {
    const auth = numbering({ limit: 100, replay: true })
    const { sent, send } = answering(refused)
    const response = await authenticatedSend(
      auth,
      { method: "POST", url: BASE, headers: {}, body: new Blob(["abc"]).stream() },
      send,
      options,
    )
    expect(response.status).toBe(200)
    expect(sent.map(({ headers }) => headers["x-auth-token"])).toEqual(["secret-1", "secret-2"])
    expect(sent[1]?.body).toBe(sent[0]?.body)
  })

  it("is parsed for the auth and stays readable for the caller", async () => {
    const auth = numbering()
    const { send } = answering(refused)
    const response = await authenticatedSend(auth, { method: "GET", url: BASE, headers: {} }, send, options)
    expect(auth.rejections).toMatchObject([
      { status: 401, origin: BASE, errorCode: "APIGW.0301", errorMessage: "token expires", replayed: false },
    ])
    expect(await response.json()).toHaveProperty("error_code")
  })

  it("is never replayed twice, and the auth judges the second too", async () => {
    const auth = numbering({ replay: true })
    const { sent, send } = answering(refused, refused, refused)
    const response = await authenticatedSend(auth, { method: "GET", url: BASE, headers: {} }, send, options)
    expect(response.status).toBe(401)
    expect(sent).toHaveLength(2)
    expect(auth.rejections.map(({ replayed }) => replayed)).toEqual([false, true])
  })

  it("is not replayed when the body was a stream that was not kept", async () => {
    const { sent, send } = answering(refused)
    const request = { method: "POST", url: BASE, headers: {}, body: new Blob(["x"]).stream(), asIs: true }
    expect((await authenticatedSend(numbering({ replay: true }), request, send, options)).status).toBe(401)
    expect(sent).toHaveLength(1)
  })

  it("of a bare request is not judged by the auth", async () => {
    const auth = numbering({ replay: true })
    const { sent, send } = answering(refused)
    await authenticatedSend(auth, { method: "GET", url: "https://foreign.example.com", headers: {} }, send, options)
    expect(auth.rejections).toEqual([])
    expect(sent).toHaveLength(1)
  })

  const broken = (cancel?: () => Promise<void>): Response => {
    const start = (controller: ReadableStreamDefaultController): void => {
      if (cancel === undefined) controller.error(new Error("the connection broke"))
    }
    return new Response(new ReadableStream({ start, ...(cancel && { cancel }) }), { status: 401 })
  }

  it.each([
    ["breaks off", () => broken()],
    ["cannot be let go of", () => broken(() => Promise.reject(new Error("no")))],
    ["is never let go of", () => broken(() => new Promise(() => undefined))],
  ])("whose body %s is replayed", async (_, refusal) => {
    const answers = [refusal(), new Response("fine")]
    const send = async (): Promise<Response> => answers.shift() as Response
    const response = await authenticatedSend(
      numbering({ replay: true }),
      { method: "GET", url: BASE, headers: {} },
      send,
      options,
    )
    expect(await response.text()).toBe("fine")
  })

  it("frees its connection when the auth fails to judge it", async () => {
    const cancel = vi.fn(async () => undefined)
    const refusal = new Response(new ReadableStream({ cancel }), { status: 401 })
    const auth: Auth = { ...numbering(), judge: () => Promise.reject(new Error("no vault")) }
    const sent = authenticatedSend(auth, { method: "GET", url: BASE, headers: {} }, async () => refusal, options)
    await expect(sent).rejects.toThrow("no vault")
    await vi.waitFor(() => expect(cancel).toHaveBeenCalled())
  })

  it("is judged no longer than the caller waits", async () => {
    const ending = new AbortController()
    const auth: Auth = { ...numbering(), judge: () => new Promise(() => undefined) }
    const request = { method: "GET", url: BASE, headers: {}, signal: ending.signal }
    const sent = authenticatedSend(auth, request, async () => new Response("no", { status: 401 }), options)
    setTimeout(() => ending.abort(new Error("enough")), 10)
    await expect(sent).rejects.toThrow("enough")
  })

  it("with a huge body is judged without it, and the body stays whole", async () => {
    const auth = numbering()
    const huge = "x".repeat(300_000)
    const { send } = answering(() => new Response(huge, { status: 403 }))
    const response = await authenticatedSend(auth, { method: "GET", url: BASE, headers: {} }, send, options)
    expect(auth.rejections[0]?.status).toBe(403)
    expect(auth.rejections[0]?.errorMessage).toBeUndefined()
    expect(await response.text()).toBe(huge)
  })

  it("with an endless body is judged without it, and the body goes on for the caller", async () => {
    const auth = numbering()
    let end = (): void => undefined
    const body = new ReadableStream<Uint8Array>({
      start(controller) {
        controller.enqueue(new TextEncoder().encode('{"error_code":'))
        end = () => {
          controller.enqueue(new TextEncoder().encode('"APIGW.0301"}'))
          controller.close()
        }
      },
    })
    const { send } = answering(() => new Response(body, { status: 401 }))
    const response = await authenticatedSend(auth, { method: "GET", url: BASE, headers: {} }, send, options)
    expect(auth.rejections.map(({ status, errorCode }) => [status, errorCode])).toEqual([[401, undefined]])
    end()
    expect(await response.json()).toEqual({ error_code: "APIGW.0301" })
  })

  it("frees the connection of the answer that is not read", async () => {
    const discard = vi.fn()
    const { send } = answering(() => Object.assign(refused(), { discard }))
    await authenticatedSend(numbering({ replay: true }), { method: "GET", url: BASE, headers: {} }, send, options)
    expect(discard).toHaveBeenCalledOnce()
  })
})

describe("a stream without a credential for it", () => {
  it.each([
    [
      "at once",
      (): never => {
        throw new RangeError("no token")
      },
    ],
    ["later", () => Promise.reject(new RangeError("no token"))],
  ])("is closed: %s", async (_, authenticate) => {
    const cancel = vi.fn()
    const { sent, send } = answering()
    const request = { method: "POST", url: BASE, headers: {}, body: new ReadableStream({ cancel }) }
    const sending = authenticatedSend({ ...numbering(), authenticate }, request, send, options)
    await expect(sending).rejects.toThrow("no token")
    expect(cancel).toHaveBeenCalledOnce()
    expect(sent).toEqual([])
  })
})

describe("errors of the client", () => {
  it("pass through unchanged", async () => {
    const broken = new Error("socket hang up")
    const send = (): Promise<Response> => Promise.reject(broken)
    await expect(authenticatedSend(numbering(), { method: "GET", url: BASE, headers: {} }, send, options)).rejects.toBe(
      broken,
    )
  })
})
