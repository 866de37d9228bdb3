import { inspect } from "node:util"
import { type FakeClock, fakeClock } from "@countersign/testkit"
import fc from "fast-check"
import { beforeEach, describe, expect, it } from "vitest"
import { type AkskAuth, type AkskAuthOptions, akskAuth } from "../../src/auth/aksk-auth.ts"
import type { AuthEvent } from "../../src/auth/auth.ts"
import { autoAuth } from "../../src/auth/auth.ts"
import { tokenAuth } from "../../src/auth/token-auth.ts"
import { authenticatedSend } from "../../src/engine/authenticated-call.ts"
import type { ResponseLike, WireRequest } from "../../src/engine/wire-request.ts"
import { isAuthError } from "../../src/errors/auth-error.ts"
import type { Credentials } from "../../src/identity/credentials.ts"
import { canonicalRequest } from "../../src/signing/signer.ts"

const MINUTE = 60_000
const HOST = "https://ecs.cn-north-4.myhuaweicloud.com"
const key: Credentials = { accessKeyId: "AKGUARD0123456789ABC", secretAccessKey: "s3cret-wrong-sk" }
const other: Credentials = { accessKeyId: key.accessKeyId, secretAccessKey: "s3cret-right-sk" }

type Outcome =
  | "failed"
  | "unread"
  | "changed"
  | "shown"
  | "in CRLF lines"
  | "in escaped lines"
  | "in HTML"
  | "masked"
  | "cut"
  | number
  | "unreachable"

let clock: FakeClock
beforeEach(() => {
  clock = fakeClock()
})

const auth = (options: AkskAuthOptions = {}, credentials = key): AkskAuth =>
  akskAuth(credentials, { clock, ...options })

/** The gateway's canonical request, on one line. */
function canonicalOf({ method, url, headers, body }: WireRequest): string {
  const signedHeaders = /SignedHeaders=([^,]+)/.exec(headers.authorization ?? "")?.[1]?.split(";")
  return canonicalRequest({ method, url, headers, body: body as string }, { signedHeaders }).replaceAll("\n", "|")
}

function answer(outcome: Outcome, wire: WireRequest): ResponseLike {
  if (outcome === "unreachable") throw new TypeError("fetch failed")
  if (typeof outcome === "number") return { status: outcome, headers: new Headers(), peek: () => "{}" }
  if (outcome === "unread") return { status: 401, headers: new Headers(), peek: () => undefined }
  const line = canonicalOf(wire)
  const shown = {
    failed: "",
    shown: `, canonicalRequest:${line}`,
    "in CRLF lines": `, canonicalRequest:${line.replaceAll("|", "\r\n")}`,
    "in escaped lines": `, canonicalRequest:${line.replaceAll("|", "\\n")}`,
    "in HTML": `, canonicalRequest:${line.replaceAll("&", "&amp;")}`,
    cut: `, canonicalRequest:${line.slice(0, 60)}`,
    masked: `, canonicalRequest:${line.replace(/x-security-token:[^|]+/, "x-security-token:[secret]")}`,
    changed: `, canonicalRequest:${line.replace("host:", "host:proxy.")}`,
  }[outcome]
  const error_msg = `Incorrect IAM authentication information: verify aksk signature fail${shown}`
  const body = JSON.stringify({ error_code: "APIGW.0301", error_msg, request_id: "r" })
  return { status: 401, headers: new Headers(), peek: () => body }
}

/** Sends one request. Returns the status, or the code of the error. */
async function send(
  by: AkskAuth,
  outcome: Outcome | (() => Promise<Outcome>),
  url = `${HOST}/v1/x`,
): Promise<number | string> {
  const request = { method: "POST", url, headers: {}, body: '{"a":1}' }
  try {
    const put = async (wire: WireRequest): Promise<ResponseLike> =>
      answer(typeof outcome === "function" ? await outcome() : outcome, wire)
    return (await authenticatedSend(by, request, put)).status
  } catch (error) {
    return isAuthError(error) ? error.code : "network"
  }
}

const REFUSED = "AUTH_CREDENTIALS_REJECTED"

describe("a signature that failed twice in a row", () => {
  it("pauses the key at that origin for 1, 4, 16, 64 minutes and so on, up to a day", async () => {
    const by = auth()
    expect(await send(by, "failed")).toBe(401)
    for (const minutes of [1, 4, 16, 64, 256, 1024, 1440, 1440]) {
      expect(await send(by, "failed")).toBe(401)
      expect(await send(by, 200), "at once").toBe(REFUSED)
      await clock.advance(minutes * MINUTE - 1)
      expect(await send(by, 200), "a moment before").toBe(REFUSED)
      await clock.advance(1)
    }
    expect(await send(by, 200)).toBe(200)
  })

  it("is reported by an error before anything is sent, and by an event", async () => {
    const events: AuthEvent[] = []
    const by = auth({ onEvent: (event) => events.push(event) })
    await send(by, "failed")
    expect(events).toEqual([])
    await send(by, "failed")
    expect(events).toEqual([
      { type: "credentials-paused", accessKeyId: key.accessKeyId, origin: HOST, failures: 2, retryAfterMs: MINUTE },
    ])
    await clock.advance(15_000)
    const sent: unknown[] = []
    const request = { method: "GET", url: `${HOST}/v1/x`, headers: {}, body: null }
    const put = async (wire: WireRequest): Promise<ResponseLike> => {
      sent.push(wire)
      return answer(200, wire)
    }
    const error = await authenticatedSend(by, request, put).catch((thrown: unknown) => thrown)
    expect(sent).toEqual([])
    expect(error).toMatchObject({ code: REFUSED, endpoint: HOST, retryAfterMs: 45_000 })
    expect(String(error)).toMatch(/AKGUARD.*another 45 s.*2 times.*SK.*reset\(\)/)
    expect(inspect([error, events, by], { depth: 9, showHidden: true, customInspect: false })).not.toContain("s3cret")
  })

  it.each<Outcome>(["failed", "shown", "in CRLF lines", "in escaped lines", "in HTML", "cut", "unread"])(
    "counts where the gateway's canonical request is no other one, or nobody could read it: %s",
    async (outcome) => {
      const by = auth()
      const url = `${HOST}/v1/x?limit=1&marker=2`
      await send(by, outcome, url)
      await send(by, outcome, url)
      expect(await send(by, 200)).toBe(REFUSED)
    },
  )

  it.each<Outcome>(["shown", "masked"])(
    "counts for a temporary key, whose token the gateway may mask: %s",
    async (outcome) => {
      const by = auth({ projectId: "p1" }, { ...key, securityToken: "s3cret-token" })
      await send(by, outcome)
      await send(by, outcome)
      expect(await send(by, 200)).toBe(REFUSED)
    },
  )

  it("does not count when the request was changed on its way", async () => {
    const by = auth()
    for (let count = 0; count < 10; count++) expect(await send(by, "changed")).toBe(401)
    expect(await send(by, 200)).toBe(200)
  })

  it.each<[string, Partial<AkskAuthOptions>]>([
    ["V11", { algorithm: "V11-HMAC-SHA256", region: "cn-north-4", service: "iotdm" }],
    ["a body left out", { unsignedPayload: true }],
  ])("counts however the request was signed: %s", async (_, options) => {
    const by = auth(options)
    await send(by, "shown")
    await send(by, "shown")
    expect(await send(by, 200)).toBe(REFUSED)
  })

  it("pauses only that key at that origin", async () => {
    const by = auth()
    await send(by, "failed")
    await send(by, "failed")
    expect(await send(by, 200, "https://vpc.cn-north-4.myhuaweicloud.com/v1")).toBe(200)
    expect(await send(auth({}, { ...key, accessKeyId: "AKOTHER" }), 200)).toBe(200)
    expect(await send(auth({}, other), 200)).toBe(200)
    expect(await send(by, 200)).toBe(REFUSED)
  })

  it("also pauses other auths of the process with the same key", async () => {
    await send(auth(), "failed")
    await send(auth(), "failed")
    expect(await send(auth({ projectId: "p" }), 200)).toBe(REFUSED)
    expect(
      await send(
        akskAuth(async () => ({ ...key }), { clock }),
        200,
      ),
    ).toBe(REFUSED)
  })

  it("is forgotten when a provider gives other credentials", async () => {
    let given = key
    const by = akskAuth(async () => ({ ...given, expiresAt: clock.now() + MINUTE }), { clock })
    await send(by, "failed")
    await send(by, "failed")
    expect(await send(by, 200)).toBe(REFUSED)
    given = other
    await clock.advance(59_000)
    expect(await send(by, 200)).toBe(200)
  })

  it("is forgotten after reset(), also of an autoAuth", async () => {
    const by = auth()
    for (const resettable of [by, auth(), autoAuth({ aksk: by, token: tokenAuth(async () => ({}) as never) })]) {
      await send(by, "failed")
      await send(by, "failed")
      expect(await send(by, 200)).toBe(REFUSED)
      resettable.reset()
      expect(await send(by, "failed")).toBe(401)
      resettable.reset()
    }
  })

  it("is forgotten after reset() of an auth that has sent nothing yet", async () => {
    const provided = (): AkskAuth => akskAuth(async () => ({ ...key, expiresAt: clock.now() + MINUTE }), { clock })
    const scoped = (): AkskAuth => auth({ scoped: true, region: "eu-de", service: "ecs" })
    for (const fresh of [provided, scoped]) {
      const by = fresh()
      await send(by, "failed")
      await send(by, "failed")
      expect(await send(fresh(), 200)).toBe(REFUSED)
      const resettable = fresh()
      resettable.reset()
      expect(await send(resettable, 200)).toBe(200)
    }
  })

  it("ends silently in reset() when the provider has no key", async () => {
    const by = akskAuth(() => Promise.reject(new Error("no key")), { clock })
    by.reset()
    expect(await send(by, 200)).toBe("AUTH_TOKEN_REQUEST_FAILED")
  })

  it("is forgotten after a success", async () => {
    const by = auth()
    await send(by, "failed")
    expect(await send(by, 200)).toBe(200)
    for (const minutes of [1, 4]) {
      await send(by, "failed")
      if (minutes === 1) await send(by, "failed")
      await clock.advance(minutes * MINUTE)
    }
    expect(await send(by, 204)).toBe(204)
    await send(by, "failed")
    await send(by, "failed")
    await clock.advance(MINUTE)
    expect(await send(by, 200)).toBe(200)
  })

  it.each<Outcome>([404, 503, 403, "unreachable", "changed"])(
    "stays counted after what is no success: %s",
    async (outcome) => {
      const by = auth()
      await send(by, "failed")
      await send(by, outcome)
      await send(by, "failed")
      expect(await send(by, 200)).toBe(REFUSED)
    },
  )

  it("is not forgotten after the success of an earlier request", async () => {
    const by = auth()
    await send(by, 200)
    let release = (): void => undefined
    const slow = send(by, () => new Promise((resolve) => (release = () => resolve(200))))
    await send(by, "failed")
    await send(by, "failed")
    release()
    expect(await slow).toBe(200)
    expect(await send(by, 200)).toBe(REFUSED)
  })

  it("counts for all concurrent requests, which do not make the pause longer", async () => {
    const events: AuthEvent[] = []
    const by = auth({ onEvent: (event) => events.push(event) })
    await send(by, 200)
    expect(await Promise.all(Array.from({ length: 3 }, () => send(by, "failed")))).toEqual([401, 401, 401])
    expect(events).toMatchObject([{ retryAfterMs: MINUTE }])
  })
})

describe("concurrent requests with an unconfirmed key", () => {
  it("send one first, and the others after its answer, once for a key and origin", async () => {
    const by = auth()
    let [onTheirWay, most, first] = [0, 0, 0]
    const counted = async (): Promise<Outcome> => {
      most = Math.max(most, ++onTheirWay)
      await clock.sleep(100)
      if (onTheirWay === 1 && first === 0) first = most
      onTheirWay -= 1
      return 200
    }
    const all = Promise.all(Array.from({ length: 20 }, () => send(by, counted)))
    await clock.advance(200)
    expect(await all).toEqual(Array.from({ length: 20 }, () => 200))
    expect({ first, most }).toEqual({ first: 1, most: 19 })
    most = 0
    const again = Promise.all(Array.from({ length: 20 }, () => send(auth(), counted)))
    await clock.advance(100)
    await again
    expect(most).toBe(20)
  })

  describe.each([404, 403, 408, 429, 500, 503, 302])(
    "after an answer that may say nothing of the key: %d",
    (status) => {
      it("send at most four at once until one succeeds", async () => {
        const by = auth()
        await send(by, status)
        let [onTheirWay, most] = [0, 0]
        const counted = async (): Promise<Outcome> => {
          most = Math.max(most, ++onTheirWay)
          await clock.sleep(100)
          onTheirWay -= 1
          return status
        }
        const all = Promise.all(Array.from({ length: 20 }, () => send(by, counted)))
        await clock.advance(500)
        expect(await all).toEqual(Array.from({ length: 20 }, () => status))
        expect(most).toBe(4)
        await send(by, 200)
        const rest = Promise.all(Array.from({ length: 20 }, () => send(by, counted)))
        await clock.advance(100)
        await rest
        expect(most).toBe(20)
      })

      it("fail at most four times with a wrong key", async () => {
        const by = auth()
        await send(by, status)
        const results = await Promise.all(Array.from({ length: 50 }, () => send(by, "failed")))
        expect(results.filter((result) => result === 401)).toHaveLength(4)
        await clock.advance(15 * MINUTE)
        expect(await send(by, 200)).toBe(REFUSED)
      })

      it("do not wait for a caller that gave up", async () => {
        const by = auth()
        await send(by, status)
        const slow = Array.from({ length: 4 }, () => send(by, () => clock.sleep(100).then((): Outcome => status)))
        const abort = new AbortController()
        const request = { method: "GET", url: HOST, headers: {}, body: null, signal: abort.signal }
        const aborted = Array.from({ length: 9 }, () =>
          authenticatedSend(by, request, async (wire) => answer(200, wire)).catch(() => "aborted"),
        )
        const last = send(by, 200)
        abort.abort()
        await clock.advance(100)
        expect(await Promise.all(aborted)).toEqual(Array.from({ length: 9 }, () => "aborted"))
        await Promise.all(slow)
        expect(await last).toBe(200)
      })
    },
  )

  it("send two with a wrong key, and reject the others with a time to wait", async () => {
    const by = auth()
    const results = await Promise.all(Array.from({ length: 50 }, () => send(by, "failed")))
    expect(results.filter((result) => result === 401)).toHaveLength(2)
    expect(results.filter((result) => result === REFUSED)).toHaveLength(48)
  })

  it("go on when the first gets no answer", async () => {
    const by = auth()
    const results = [send(by, "unreachable"), send(by, "unreachable"), send(by, 200), send(by, 200)]
    expect(await Promise.all(results)).toEqual(["network", "network", 200, 200])
  })

  it("go on when the first is aborted", async () => {
    const by = auth()
    const request = { method: "GET", url: HOST, headers: {}, body: null }
    const aborts = [new AbortController(), new AbortController()]
    const never = (): Promise<never> => new Promise(() => undefined)
    const aborted = aborts.map(({ signal }) => authenticatedSend(by, { ...request, signal }, never))
    const last = send(by, 200)
    aborts[1]?.abort(new Error("second"))
    await expect(aborted[1]).rejects.toThrow("second")
    aborts[0]?.abort(new Error("first"))
    expect(await last).toBe(200)
  })

  it("go on after 10 s without an answer, as for a long poll", async () => {
    const by = auth()
    const first = send(by, () => clock.sleep(MINUTE).then((): Outcome => 200))
    const rest = [send(by, 200), send(by, 200)]
    await clock.advance(10_000)
    expect(await Promise.all(rest)).toEqual([200, 200])
    await clock.advance(MINUTE)
    expect(await first).toBe(200)
  })

  it("do not wait for, or behind, a request that reports no outcome", async () => {
    const by = auth()
    const attempt = { method: "GET", url: `${HOST}/`, headers: {}, body: null }
    for (let count = 0; count < 3; count++) expect(by.authenticate(attempt)).not.toBeInstanceOf(Promise)
    expect(await send(by, 200)).toBe(200)
  })
})

describe("with requests at any time and answers after any delay", () => {
  const request = fc.record({
    afterMs: fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 5_000 }), fc.integer({ min: 0, max: 20 * MINUTE })),
    takesMs: fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 2_000 }), fc.integer({ min: 0, max: 5 * MINUTE })),
    outcome: fc.constantFrom<Outcome>("failed", "failed", "shown", "unread", "unreachable", 404, 403, 503),
    abortsMs: fc.option(fc.integer({ min: 0, max: 3_000 }), { nil: undefined, freq: 8 }),
    byProvider: fc.boolean(),
  })

  it("a wrong key never fails five times in 15 minutes, no request hangs, and the key is tried again", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(request, { minLength: 1, maxLength: 60 }), async (requests) => {
        const time = fakeClock()
        const auths = [akskAuth(key, { clock: time }), akskAuth(async () => key, { clock: time })] as const
        const failures: number[] = []
        const pending: Promise<unknown>[] = []
        for (const { afterMs, takesMs, outcome, abortsMs, byProvider } of requests) {
          await time.advance(afterMs)
          const abort = new AbortController()
          const by = byProvider ? auths[1] : auths[0]
          const sent = authenticatedSend(
            by,
            { method: "GET", url: HOST, headers: {}, body: null, signal: abort.signal },
            async (wire) => {
              await time.sleep(takesMs, abort.signal)
              if (typeof outcome !== "number" && outcome !== "unreachable") failures.push(time.monotonic())
              return answer(outcome, wire)
            },
          )
          if (abortsMs !== undefined) void time.sleep(abortsMs).then(() => abort.abort(new Error("aborted")))
          pending.push(sent.catch(() => undefined))
        }
        await time.advance(requests.length * 6 * MINUTE)
        await Promise.all(pending)
        for (const [index, start] of failures.entries()) {
          const fifth = failures[index + 4]
          if (fifth !== undefined) expect(fifth - start).toBeGreaterThan(15 * MINUTE)
        }
        await time.advance(24 * 60 * MINUTE)
        let sends = 0
        await authenticatedSend(auths[0], { method: "GET", url: HOST, headers: {}, body: null }, async (wire) => {
          sends += 1
          return answer(200, wire)
        })
        expect(sends).toBe(1)
      }),
      { numRuns: 100 },
    )
  }, 120_000)
})

describe("memory", () => {
  it("keeps a thousand origins of a key, and drops those without a failure first", async () => {
    const by = auth()
    await send(by, "failed")
    await send(by, "failed")
    for (let index = 0; index < 1_500; index++) await send(by, 200, `https://host-${index}.example.com/`)
    expect(await send(by, 200)).not.toBe(200)
  })
})
