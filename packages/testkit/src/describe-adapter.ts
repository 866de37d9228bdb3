import { createServer, type RequestListener, type Server } from "node:http"
import { type AddressInfo, createServer as createTcpServer, type Socket } from "node:net"
import { Readable } from "node:stream"
import {
  type Auth,
  akskAuth,
  type Clock,
  type Credentials,
  type GuardOptions,
  isAuthError,
  type Token,
  type TokenProvider,
  tokenAuth,
  verify,
} from "@countersign/auth-core"
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest"
import { type BodyKind, type BodySample, bodySamples } from "./body-kinds.ts"
import { fakeClock } from "./fake-clock.ts"
import { resolveLocally } from "./local-names.ts"
import { numbering } from "./numbering-auth.ts"
import { type Answer, type Arrival, type RecordingServer, recordingServer } from "./recording-server.ts"
import { markIn, shown } from "./shown.ts"

/** A request in no client's words. */
export interface AdapterRequest {
  method?: string
  /** Path and query, appended to the base URL. */
  path?: string
  headers?: Record<string, string>
  body?: unknown
  as?: BodySample["as"]
  /** Per-request auth; see {@link namedAuth}. */
  auth?: Auth | false | undefined
  signal?: AbortSignal
  /** How often the client itself retries a 503, without a pause worth the name. */
  retries?: number
}

/** What came back, in no client's words. A 4xx or 5xx is a status here, whatever the client makes of it. */
export interface AdapterResponse {
  status: number
  text: string
  /** The client's own response or error, as the caller of the client holds it; looked into for secrets. */
  raw: unknown
}

export interface AdapterUnderTest {
  /** A client on that base URL; authenticated when there is an auth, and then each request may bring its own. */
  connect(setup: {
    baseUrl: string
    auth?: Auth | false
    options?: GuardOptions
  }): (request: AdapterRequest) => Promise<AdapterResponse>
  /** The body kinds that the client itself does not take, each with a word why. */
  refuses?: Partial<Record<BodyKind, string>>
  /** The body kinds that the client sends only with auth, since the adapter reads them; there is nothing to compare with. */
  adds?: readonly BodyKind[]
  /** More bodies, such as those of packages that only this client takes. */
  bodies?: Partial<Record<BodyKind, BodySample>>
  /** The client keeps the method of a POST on 301 and 302. @default false */
  keepsMethodOn302?: boolean
  /** The body kinds that the client itself spoils when it retries. */
  spoilsOnRetry?: readonly BodyKind[]
  /** The client has no retries of its own. @default false */
  neverRetries?: boolean
  /** The client sends a stream by itself, so nobody keeps it for a replay. @default false */
  keepsNoStreams?: boolean
  /** The client lets no option of another's pass, so a request can name no auth. @default false */
  namesNoAuth?: boolean
}

/** The auth that a request names, under the adapter's key for it; nothing when it names none. */
export function namedAuth<Key extends string>(key: Key, request: AdapterRequest): { [name in Key]?: Auth | false } {
  return "auth" in request ? ({ [key]: request.auth } as { [name in Key]?: Auth | false }) : {}
}

const credentials: Credentials = {
  accessKeyId: "AKADAPTER0123456789X",
  secretAccessKey: "secret-key-of-the-adapter-suite-0123456789",
}
const customer: Credentials = {
  accessKeyId: "AKCUSTOMER123456789X",
  secretAccessKey: "secret-key-of-a-customer-0123456789abcdefgh",
}
const temporary: Credentials = {
  ...credentials,
  accessKeyId: "AKTEMPORARY23456789X",
  securityToken: "security-token-of-the-adapter-suite",
}
const keys = [credentials, customer, temporary]

/** Every reading is a second later, so that two signatures of one request can be told apart. */
function tickingClock(): Clock {
  let now = Date.now()
  return {
    now: () => (now += 1_000),
    monotonic: () => performance.now(),
    sleep: () => new Promise((resolve) => setImmediate(resolve)),
  }
}

interface CountingTokens {
  provider: TokenProvider
  calls: number
  issued: Token[]
}

function countingTokens(delayMs = 5): CountingTokens {
  const tokens: CountingTokens = {
    calls: 0,
    issued: [],
    provider: async () => {
      tokens.calls += 1
      await new Promise((resolve) => setTimeout(resolve, delayMs))
      const token = {
        value: `MIIsecret-token-number-${tokens.calls}`,
        issuedAt: Date.now(),
        expiresAt: Date.now() + 86_400_000,
      }
      tokens.issued.push(token)
      return token
    },
  }
  return tokens
}

/** What the gateway makes of an arrival's signature. */
async function signatureVerdict(server: RecordingServer, { method, target, headers, body }: Arrival): Promise<string> {
  const result = await verify(
    { method, url: `${server.url}${target}`, headers: headers as Record<string, string>, body },
    {
      secretFor: async (accessKeyId) => keys.find((key) => key.accessKeyId === accessKeyId),
      maxSkewMs: 86_400_000,
    },
  )
  return result.ok ? "valid" : `${result.message}\n${result.canonicalRequest}`
}

const SECRET_HEADERS = [
  "authorization",
  "x-auth-token",
  "x-security-token",
  "x-sdk-date",
  "x-sdk-content-sha256",
  "cookie",
]

/** What callers put on requests by hand, beside what this library sets. */
const OWN_SECRETS = [
  "cookie",
  "x-auth-key",
  "x-apig-appcode",
  "x-metadata-token",
  "x-security-token",
  "x-sdk-own",
  "x-service-token",
  "x-storage-token",
  "x-subject-token",
]

const wrongSignature: Answer = {
  status: 401,
  body: JSON.stringify({
    error_code: "APIGW.0301",
    error_msg: "Incorrect IAM authentication information: verify aksk signature fail",
    request_id: "r-1",
  }),
}

const unauthorized: Answer = {
  status: 401,
  body: JSON.stringify({
    error_code: "APIGW.0301",
    error_msg: "Incorrect IAM authentication information: token expires",
    request_id: "r-1",
  }),
}

/** The contract that every adapter fulfils, against a real server, with the client's own behaviour as the measure. */
export function describeAdapter(name: string, adapter: AdapterUnderTest): void {
  const servers: RecordingServer[] = []
  const others: Server[] = []
  const serve = async (
    answer?: (arrival: Arrival, index: number) => Answer | Promise<Answer>,
  ): Promise<RecordingServer> => {
    const server = await recordingServer(answer)
    servers.push(server)
    return server
  }
  const listen = async (answer: RequestListener): Promise<string> => {
    const server = createServer(answer)
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve))
    others.push(server)
    return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  }
  afterEach(async () => {
    for (const server of others.splice(0)) {
      server.close()
      server.closeAllConnections()
    }
    await Promise.all(servers.splice(0).map((server) => server.close()))
  })
  const aksk = (key: Credentials = credentials): Auth => akskAuth(key, { clock: tickingClock() })

  describe(`${name}: the adapter contract`, () => {
    describe("one attempt", () => {
      it("carries the token", async () => {
        const server = await serve()
        const send = adapter.connect({ baseUrl: server.url, auth: tokenAuth(countingTokens().provider) })
        expect((await send({ path: "/v1/things" })).status).toBe(200)
        expect(server.arrivals.map(({ headers }) => headers["x-auth-token"])).toEqual(["MIIsecret-token-number-1"])
      })

      it("carries a valid signature", async () => {
        const server = await serve()
        const send = adapter.connect({ baseUrl: server.url, auth: aksk() })
        expect((await send({ path: "/v1/things?limit=2" })).status).toBe(200)
        expect(await Promise.all(server.arrivals.map((arrival) => signatureVerdict(server, arrival)))).toEqual([
          "valid",
        ])
      })

      it("carries the security token of temporary credentials, signed", async () => {
        const server = await serve()
        const send = adapter.connect({ baseUrl: server.url, auth: aksk(temporary) })
        await send({ path: "/v1/things" })
        const [arrival] = server.arrivals
        expect(arrival?.headers["x-security-token"]).toBe(temporary.securityToken)
        expect(arrival?.headers.authorization).toContain("x-security-token")
      })

      it("gives the answer back as the client gives it", async () => {
        const server = await serve(() => ({ status: 201, body: '{"created":"ü"}' }))
        const send = adapter.connect({ baseUrl: server.url, auth: aksk() })
        expect(await send({ path: "/", method: "POST", body: "x", as: "body" })).toMatchObject({
          status: 201,
          text: '{"created":"ü"}',
        })
      })

      it("tells the auth of each answer that took its credential, also of a replay, and of no other", async () => {
        const server = await serve(({ target }, index) =>
          index === 1 ? unauthorized : { status: Number(target.slice(1)) },
        )
        const told: string[] = []
        const auth: Auth = {
          ...numbering(),
          accepted: ({ headers }, { pathname }) => void told.push(`${pathname} ${headers["x-auth-token"]}`),
        }
        const send = adapter.connect({ baseUrl: server.url, auth })
        for (const path of ["/200", "/201", "/404", "/409"]) await send({ path })
        expect(told).toEqual(["/200 secret-1", "/201 secret-3"])
      })

      it.each(["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD"])("signs %s", async (method) => {
        const server = await serve()
        await adapter.connect({ baseUrl: server.url, auth: aksk() })({ path: "/v1/things", method })
        expect(await Promise.all(server.arrivals.map((arrival) => signatureVerdict(server, arrival)))).toEqual([
          "valid",
        ])
        expect(server.arrivals[0]?.method).toBe(method)
      })
    })

    describe("the URL that is signed is the URL that is sent", () => {
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
        expect(await Promise.all(server.arrivals.map((arrival) => signatureVerdict(server, arrival)))).toEqual([
          "valid",
        ])
        expect(server.arrivals[0]?.target).not.toContain("+")
      })
    })

    describe("a body arrives intact and rightly signed", () => {
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
            await expect(
              send({ method: "POST", path: "/b", body: sample.make(), as: sample.as }),
            ).rejects.toBeInstanceOf(Error)
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

    describe.skipIf(adapter.neverRetries === true)("a retry of the client", () => {
      const kinds = (["JSON object", "FormData with a file", "Buffer"] as const).filter(
        (kind) => adapter.spoilsOnRetry?.includes(kind) !== true,
      )
      it.each(kinds)("is signed anew each time, with the body kind %s", async (kind) => {
        const server = await serve((_arrival, index) => (index < 2 ? { status: 503 } : {}))
        const send = adapter.connect({ baseUrl: server.url, auth: aksk() })
        const { make, as } = bodySamples[kind]
        const { status } = await send({ method: "PUT", path: "/r", body: make(), as, retries: 2 })
        expect(status).toBe(200)
        expect(await Promise.all(server.arrivals.map((arrival) => signatureVerdict(server, arrival)))).toEqual([
          "valid",
          "valid",
          "valid",
        ])
        expect(new Set(server.arrivals.map(({ headers }) => headers.authorization)).size).toBe(3)
        expect(new Set(server.arrivals.map(({ headers }) => headers["content-type"]?.split(";")[0])).size).toBe(1)
      })
    })

    describe("a redirect", () => {
      it.each([301, 302, 303, 307, 308])("%d on the same origin is followed, signed anew", async (status) => {
        const server = await serve(({ target }) =>
          target === "/from" ? { status, headers: { location: "/to?x=1" } } : {},
        )
        const send = adapter.connect({ baseUrl: server.url, auth: aksk() })
        expect((await send({ method: "POST", path: "/from", body: '{"a":1}', as: "body" })).status).toBe(200)
        expect(server.arrivals.map(({ target }) => target)).toEqual(["/from", "/to?x=1"])
        expect(await Promise.all(server.arrivals.map((arrival) => signatureVerdict(server, arrival)))).toEqual([
          "valid",
          "valid",
        ])
        const keeps = status === 307 || status === 308 || (status !== 303 && adapter.keepsMethodOn302 === true)
        expect(server.arrivals[1]?.method).toBe(keeps ? "POST" : "GET")
        expect(server.arrivals[1]?.body.toString()).toBe(keeps ? '{"a":1}' : "")
      })

      it.each([301, 302, 303, 307, 308])("%d to a host that is not listed carries nothing secret", async (status) => {
        const foreign = await serve()
        const server = await serve(() => ({ status, headers: { location: `${foreign.url}/stolen` } }))
        for (const auth of [aksk(temporary), tokenAuth(countingTokens().provider)]) {
          const send = adapter.connect({ baseUrl: server.url, auth })
          expect((await send({ path: "/from", headers: { cookie: "session=1" } })).status).toBe(200)
        }
        expect(foreign.arrivals).toHaveLength(2)
        for (const { headers } of foreign.arrivals) {
          for (const secret of SECRET_HEADERS) expect(headers).not.toHaveProperty(secret)
          expect(JSON.stringify(headers)).not.toMatch(/secret|security/)
        }
      })

      it("to another listed host is authenticated for that host", async () => {
        const other = await serve()
        const server = await serve(() => ({ status: 307, headers: { location: `${other.url}/to` } }))
        const options = { hosts: [server.host, other.host] }
        const send = adapter.connect({ baseUrl: server.url, auth: aksk(), options })
        expect((await send({ method: "PUT", path: "/from", body: "x", as: "body" })).status).toBe(200)
        const [arrival] = other.arrivals
        expect(arrival === undefined ? "nothing arrived" : await signatureVerdict(other, arrival)).toBe("valid")
      })
    })

    describe("a redirect without a host list", () => {
      let restore = (): void => undefined
      beforeAll(() => {
        restore = resolveLocally("myhuaweicloud.com")
      })
      afterAll(() => restore())
      const named = (service: string, { host }: RecordingServer): string =>
        `http://${service}.cn-north-4.myhuaweicloud.com:${host.split(":")[1]}`
      const options: GuardOptions = { hosts: undefined, allowInsecure: true }
      const token = (): Auth => tokenAuth(countingTokens().provider)
      const tokensSeen = ({ arrivals }: RecordingServer): unknown[] =>
        arrivals.map(({ target, headers }) => [target, headers["x-auth-token"]])

      it.each([301, 302, 303, 307, 308])(
        "%d to another of Huawei Cloud's hosts carries nothing secret",
        async (status) => {
          const other = await serve(({ target }) =>
            target === "/other" ? { status, headers: { location: "/again" } } : {},
          )
          const location = `${named("ecs", other)}/other`
          const server = await serve(() => ({ status, headers: { location } }))
          for (const auth of [aksk(temporary), token()]) {
            const send = adapter.connect({ baseUrl: named("iam", server), auth, options })
            expect((await send({ path: "/from", headers: { cookie: "session=1" } })).status).toBe(200)
          }
          expect(server.arrivals.map(({ headers }) => headers.authorization ?? headers["x-auth-token"])).toEqual([
            expect.stringContaining(temporary.accessKeyId),
            "MIIsecret-token-number-1",
          ])
          expect(other.arrivals.map(({ target }) => target)).toEqual(["/other", "/again", "/other", "/again"])
          for (const { headers } of other.arrivals) {
            for (const secret of SECRET_HEADERS) expect(headers).not.toHaveProperty(secret)
          }
        },
      )

      it("on the same one keeps its credential", async () => {
        const server = await serve(({ target }) =>
          target === "/from" ? { status: 307, headers: { location: "/to" } } : {},
        )
        await adapter.connect({ baseUrl: named("iam", server), auth: token(), options })({ path: "/from" })
        expect(tokensSeen(server)).toEqual([
          ["/from", "MIIsecret-token-number-1"],
          ["/to", "MIIsecret-token-number-1"],
        ])
      })

      it("by a host that is not Huawei Cloud's leads none of them to a credential", async () => {
        const other = await serve()
        const foreign = await serve(() => ({ status: 307, headers: { location: named("ecs", other) } }))
        const server = await serve(() => ({ status: 307, headers: { location: foreign.url } }))
        await adapter.connect({ baseUrl: named("iam", server), auth: token(), options })({ path: "/from" })
        expect(tokensSeen(other)).toEqual([["/", undefined]])
      })

      it("is authenticated where the host is listed", async () => {
        const other = await serve()
        const server = await serve(() => ({ status: 307, headers: { location: `${named("ecs", other)}/to` } }))
        const listed = { hosts: ["*.myhuaweicloud.com"], allowInsecure: true }
        await adapter.connect({ baseUrl: named("iam", server), auth: token(), options: listed })({ path: "/from" })
        expect(tokensSeen(other)).toEqual([["/to", "MIIsecret-token-number-1"]])
      })

      it("carries nothing secret when the other host refuses it, or the client retries", async () => {
        const other = await serve((_, index) => (index === 0 ? { status: 503 } : unauthorized))
        const server = await serve(() => ({ status: 307, headers: { location: `${named("ecs", other)}/to` } }))
        const send = adapter.connect({ baseUrl: named("iam", server), auth: token(), options })
        await send({ method: "PUT", path: "/from", retries: 1 })
        await send({ method: "PUT", path: "/from" })
        expect(other.arrivals.length).toBeGreaterThan(1)
        expect(new Set(other.arrivals.map(({ headers }) => headers["x-auth-token"]))).toEqual(new Set([undefined]))
      })

      it("to the same URL leaves later requests for it alone", async () => {
        const other = await serve()
        const location = `${named("ecs", other)}/to`
        const server = await serve(() => ({ status: 307, headers: { location } }))
        const auth = token()
        await adapter.connect({ baseUrl: named("iam", server), auth, options })({ path: "/from" })
        await adapter.connect({ baseUrl: named("ecs", other), auth, options })({ path: "/to" })
        expect(tokensSeen(other)).toEqual([
          ["/to", undefined],
          ["/to", "MIIsecret-token-number-1"],
        ])
      })
    })

    describe("the caller's own credential headers", () => {
      const own = Object.fromEntries(OWN_SECRETS.map((name) => [name, `own-${name}`]))
      const ownIn = ({ headers }: Arrival): string[] =>
        OWN_SECRETS.filter((name) => String(headers[name] ?? "").startsWith("own-"))

      it.each([
        ["a listed host, with a token", () => tokenAuth(countingTokens().provider), ["listed"]],
        ["a listed host, with AK/SK", () => aksk(), ["listed"]],
        ["a host that is not listed", () => aksk(), []],
        ["one host to another, neither of which is listed", () => aksk(), undefined],
      ] as const)("stay behind on a redirect to %s", async (_, auth, listed) => {
        const other = await serve(({ target }) =>
          target === "/to" ? { status: 307, headers: { location: "/again" } } : {},
        )
        const server = await serve(({ target }) =>
          target === "/from"
            ? { status: 307, headers: { location: "/same" } }
            : { status: 307, headers: { location: `${other.url}/to` } },
        )
        const hosts = listed === undefined ? ["*.example.com"] : [server.host, ...listed.map(() => other.host)]
        const send = adapter.connect({ baseUrl: server.url, auth: auth(), options: { hosts } })
        const headers = { ...own, "x-auth-token": "own-x-auth-token", "x-mine": "1" }
        expect((await send({ path: "/from", headers })).status).toBe(200)
        expect(server.arrivals.map(ownIn)).toEqual([OWN_SECRETS, OWN_SECRETS])
        expect(other.arrivals.map(ownIn)).toEqual([[], []])
        expect(other.arrivals.map(({ headers: { "x-mine": mine } }) => mine)).toEqual(["1", "1"])
        expect(JSON.stringify(other.arrivals.map((arrival) => arrival.headers))).not.toContain("own-x-auth-token")
      })
    })

    describe("a host that is not listed", () => {
      it("gets the request as the bare client sends it", async () => {
        const server = await serve()
        const send = adapter.connect({ baseUrl: server.url, auth: aksk(), options: { hosts: ["*.myhuaweicloud.com"] } })
        expect((await send({ method: "POST", path: "/x?q=1", body: "x", as: "body" })).status).toBe(200)
        for (const secret of SECRET_HEADERS) expect(server.arrivals[0]?.headers).not.toHaveProperty(secret)
      })
    })

    describe("a 401 to a token", () => {
      const gateway = (valid: () => string | undefined): Promise<RecordingServer> =>
        serve(({ headers }) => (headers["x-auth-token"] === valid() ? {} : unauthorized))

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

      it("to a stream that goes out as it comes makes one replay with the whole stream", async () => {
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
          response.end(unauthorized.body)
        })
        const body = Readable.from(
          (async function* () {
            yield Buffer.from("a")
            // Whoever reads it to its end first waits for ever.
            await hasBegun
            yield Buffer.from("b")
          })(),
          { objectMode: false },
        )
        const auth = tokenAuth(countingTokens().provider)
        const send = adapter.connect({ baseUrl: url, auth, options: { hosts: [new URL(url).host] } })
        const { status } = await send({ method: "POST", path: "/x", body, as: "body" })
        expect([status, received]).toEqual(adapter.keepsNoStreams ? [401, ["ab"]] : [200, ["ab", "ab"]])
      })

      it("makes one refresh for ten concurrent requests, and all succeed", async () => {
        const tokens = countingTokens(20)
        const server = await gateway(() => "MIIsecret-token-number-2")
        const send = adapter.connect({ baseUrl: server.url, auth: tokenAuth(tokens.provider) })
        const responses = await Promise.all(Array.from({ length: 10 }, () => send({ path: "/x" })))
        expect(responses.map(({ status }) => status)).toEqual(Array.from({ length: 10 }, () => 200))
        expect(tokens.calls).toBe(2)
      })

      it("that comes late, for an older token, makes no refresh", async () => {
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
            return unauthorized
          }
          return accepted ? {} : unauthorized
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
      it("that has expired teaches the server's clock and makes one replay", async () => {
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

      it("that has expired teaches the server's clock by the two times in the text, without a Date header", async () => {
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

      it("that does not match is never tried again", async () => {
        const server = await serve(() => wrongSignature)
        const send = adapter.connect({ baseUrl: server.url, auth: aksk() })
        expect((await send({ path: "/x" })).status).toBe(401)
        expect(server.arrivals).toHaveLength(1)
      })
    })

    describe("a key that the server has not confirmed", () => {
      /** Stands still, so that a request whose turn never comes hangs, and ends no wait. */
      const stillAuth = (): Auth => akskAuth(credentials, { clock: fakeClock(Date.now()) })

      it("goes with one request first; the others follow at once when that is answered", async () => {
        let first = 0
        const server = await serve(async (_arrival, index) => {
          if (index > 0) return {}
          await new Promise((resolve) => setTimeout(resolve, 50))
          first = server.arrivals.length
          return { status: 404, body: "{}" }
        })
        const send = adapter.connect({ baseUrl: server.url, auth: stillAuth() })
        const responses = await Promise.all(Array.from({ length: 5 }, () => send({ path: "/x" })))
        expect(responses.map(({ status }) => status).sort()).toEqual([200, 200, 200, 200, 404])
        expect(first).toBe(1)
      })

      it("and is wrong is sent twice, however many ask; the others get an AuthError that says when to ask again", async () => {
        const server = await serve(() => wrongSignature)
        const send = adapter.connect({ baseUrl: server.url, auth: stillAuth() })
        const ask = (): Promise<unknown> => send({ path: "/x" }).catch((error: unknown) => error)
        const results = [...(await Promise.all(Array.from({ length: 10 }, ask))), await ask()]
        const errors = results.filter((result) => result instanceof Error)
        expect(errors).toHaveLength(9)
        for (const error of errors) {
          const own = isAuthError(error) ? error : error.cause
          expect(own).toMatchObject({ code: "AUTH_CREDENTIALS_REJECTED", endpoint: server.url, retryAfterMs: 60_000 })
        }
        expect(server.arrivals).toHaveLength(2)
      })

      it("lets the next request go when the first one gets no answer, or is aborted", async () => {
        const held: Socket[] = []
        let requests = 0
        const server = createTcpServer((socket) => {
          socket.on("error", () => undefined)
          socket.on("data", () => {
            requests += 1
            if (requests === 1) socket.destroy()
            else if (requests === 2) held.push(socket)
            else socket.end("HTTP/1.1 200 OK\r\ncontent-length: 2\r\nconnection: close\r\n\r\n{}")
          })
        })
        await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve))
        const { port } = server.address() as AddressInfo
        const send = adapter.connect({ baseUrl: `http://127.0.0.1:${port}`, auth: stillAuth() })
        // A POST, which no client sends again by itself.
        const request = { method: "POST", path: "/x", body: "x", as: "body" } as const
        const abort = new AbortController()
        const broken = send(request).catch(() => "broken")
        const aborted = send({ ...request, signal: abort.signal }).catch(() => "aborted")
        const last = [send(request), send(request)]
        expect(await broken).toBe("broken")
        while (held.length === 0) await new Promise((resolve) => setTimeout(resolve, 2))
        expect(requests).toBe(2)
        abort.abort()
        expect(await aborted).toBe("aborted")
        expect((await Promise.all(last)).map(({ status }) => status)).toEqual([200, 200])
        for (const socket of held) socket.destroy()
        server.close()
      })
    })

    describe("per request", () => {
      it("another auth signs for another customer", async () => {
        const server = await serve()
        const send = adapter.connect({ baseUrl: server.url, auth: aksk() })
        await Promise.all([send({ path: "/x", auth: aksk(customer) }), send({ path: "/y" })])
        const signers = server.arrivals.map(
          ({ target, headers }) => `${target} ${/Access=(\w+)/.exec(headers.authorization ?? "")?.[1]}`,
        )
        expect(signers.sort()).toEqual([`/x ${customer.accessKeyId}`, `/y ${credentials.accessKeyId}`])
      })

      it.skipIf(adapter.namesNoAuth === true)("an explicit undefined is refused, and nothing is sent", async () => {
        const server = await serve()
        for (const [auth, hosts] of [
          [aksk(), undefined],
          [aksk(), ["*.example.com"]],
          [false, undefined],
        ] as const) {
          const options = hosts === undefined ? {} : { options: { hosts: [...hosts] } }
          const send = adapter.connect({ baseUrl: server.url, auth, ...options })
          expect(await codeOf(send({ path: "/x", auth: undefined }))).toBe("AUTH_INVALID_OPTION")
        }
        expect(server.arrivals).toEqual([])
      })

      it("its own is all there is, where the client has none", async () => {
        const server = await serve()
        const send = adapter.connect({ baseUrl: server.url, auth: false })
        expect(await codeOf(send({ path: "/x" }))).toBe("AUTH_INVALID_OPTION")
        expect(server.arrivals).toEqual([])
        await send({ path: "/x", auth: aksk(customer) })
        await send({ path: "/y", auth: false })
        expect(server.arrivals.map(({ headers }) => /Access=(\w+)/.exec(headers.authorization ?? "")?.[1])).toEqual([
          customer.accessKeyId,
          undefined,
        ])
      })

      it("false sends none", async () => {
        const server = await serve()
        const send = adapter.connect({ baseUrl: server.url, auth: aksk() })
        await send({ path: "/x", auth: false })
        for (const secret of SECRET_HEADERS) expect(server.arrivals[0]?.headers).not.toHaveProperty(secret)
      })
    })

    describe("an abort", () => {
      it("ends the wait for a token, and nothing is sent", async () => {
        const server = await serve()
        const stuck: TokenProvider = () => new Promise(() => undefined)
        const send = adapter.connect({ baseUrl: server.url, auth: tokenAuth(stuck) })
        const abort = new AbortController()
        const sent = send({ path: "/x", signal: abort.signal })
        setTimeout(() => abort.abort(), 20)
        await expect(sent).rejects.toBeInstanceOf(Error)
        expect(server.arrivals).toEqual([])
      })
    })

    describe("errors", () => {
      it("of the auth reach the caller before anything is sent, and say what is wrong", async () => {
        const server = await serve()
        const expired = tokenAuth({ value: "MIIsecret-token-number-0", issuedAt: 0, expiresAt: 1 })
        const send = adapter.connect({ baseUrl: server.url, auth: expired })
        const error: unknown = await send({ path: "/x" }).catch((caught: unknown) => caught)
        const own = isAuthError(error) ? error : (error as Error).cause
        expect(isAuthError(own) && own.code).toBe("AUTH_CREDENTIALS_EXPIRED")
        expect(server.arrivals).toEqual([])
      })

      it.each([
        ["AK/SK", () => aksk(temporary)],
        ["token", () => tokenAuth(countingTokens().provider)],
      ])("and answers show no secret, however printed: %s", async (_, auth) => {
        const server = await serve(({ target }) => {
          const status = Number(target.slice(1))
          return status === 302 ? { status, headers: { location: target } } : { status, body: "{}" }
        })
        const send = adapter.connect({ baseUrl: server.url, auth: auth() })
        const seen: unknown[] = []
        for (const status of [200, 302, 401, 403, 500]) {
          await send({ path: `/${status}`, method: "POST", body: "x", as: "body" }).then(
            (response) => seen.push(response.raw),
            (error: unknown) => seen.push(error),
          )
        }
        seen.push(await errorWithoutServer(adapter, auth()), await errorOfAbort(adapter, auth(), serve))
        for (const value of seen) {
          const marks = ["secret-key", "secret-token", "security-token-of", "Signature="]
          expect(markIn(shown(value), ...marks)).toBeUndefined()
        }
      })
    })
  })
}

/** The code of the AuthError that a request fails with, which some clients put behind an error of theirs. */
async function codeOf(sent: Promise<unknown>): Promise<unknown> {
  const error: unknown = await sent.catch((caught: unknown) => caught)
  const own = isAuthError(error) ? error : (error as Error).cause
  return isAuthError(own) ? own.code : error
}

/** The error of a request to a server that is not there. */
async function errorWithoutServer(adapter: AdapterUnderTest, auth: Auth): Promise<unknown> {
  const gone = await recordingServer()
  await gone.close()
  return adapter
    .connect({ baseUrl: gone.url, auth })({ path: "/x" })
    .catch((error: unknown) => error)
}

/** The error of a request that is given up while it is under way. */
async function errorOfAbort(
  adapter: AdapterUnderTest,
  auth: Auth,
  serve: (answer: () => Promise<never>) => Promise<RecordingServer>,
): Promise<unknown> {
  const abort = new AbortController()
  const silent = await serve(() => {
    abort.abort()
    return new Promise(() => undefined)
  })
  return adapter
    .connect({ baseUrl: silent.url, auth })({ path: "/x", signal: abort.signal })
    .catch((error: unknown) => error)
}
