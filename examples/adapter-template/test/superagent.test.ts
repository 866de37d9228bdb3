import { readFileSync } from "node:fs"
import { join } from "node:path"
import { type Auth, akskAuth, TokenCache, tokenAuth, verify } from "@countersign/auth-core"
import { numbering, recordingServer } from "@countersign/testkit"
import superagent, { type Response } from "superagent"
import { afterEach, describe, expect, it } from "vitest"
import { authPlugin, countersign, withAuth } from "../src/index.ts"

const credentials = { accessKeyId: "AKTEMPLATE0123456789", secretAccessKey: "secret-key-of-the-template-0123456789" }

const servers: Awaited<ReturnType<typeof recordingServer>>[] = []
const serve: typeof recordingServer = async (answer) => {
  const server = await recordingServer(answer)
  servers.push(server)
  return server
}
afterEach(async () => {
  await Promise.all(servers.splice(0).map((server) => server.close()))
})

type Server = (typeof servers)[number]

const api = (server: Server, auth: Auth = numbering()) => withAuth(superagent.agent(), auth, { hosts: [server.host] })
const tokens = ({ arrivals }: Server) => arrivals.map(({ headers }) => headers["x-auth-token"])

async function isSigned(server: Server): Promise<boolean[]> {
  const secretFor = async () => credentials
  return Promise.all(
    server.arrivals.map(async ({ method, target, headers, body }) => {
      const url = `${server.url}${target}`
      return (await verify({ method, url, headers: headers as Record<string, string>, body }, { secretFor })).ok
    }),
  )
}

describe("a request of superagent is signed, and else sent as without auth", () => {
  const aksk = () => akskAuth(credentials)
  const requests: Record<string, (request: superagent.Request) => superagent.Request> = {
    "a query of objects, lists and text": (request) =>
      request.query({ q: "a b", list: [1, 2], no: null }).query("x=ü+1"),
    "a sorted query": (request) => request.query("b=2&a=1").sortQuery(),
    "an object as a form": (request) => request.type("form").send({ a: "b c", list: ["1", "2"] }),
    "two sends in one": (request) => request.send({ a: 1 }).send({ b: [2] }),
    "JSON of another type": (request) => request.type("application/vnd.api+json").send({ a: 1 }),
    "a serializer of one's own": (request) =>
      request
        .type("text/csv")
        .serialize((rows: unknown[]) => rows.join(","))
        .send([1, 2]),
    "bytes with a type": (request) => request.type("application/octet-stream").send(Buffer.from([0, 255])),
    "headers in any case": (request) => request.set("X-Own", "1").set({ Accept: "application/json" }),
    "a body of no bytes": (request) => request.send(""),
  }
  it.each(Object.entries(requests))("%s", async (_, set) => {
    const server = await serve()
    await set(superagent.post(`${server.url}/a?z=0`))
    await set(api(server, aksk()).post(`${server.url}/a?z=0`))
    const [bare, signed] = server.arrivals
    expect(await isSigned(server)).toEqual([false, true])
    expect(signed?.target.replaceAll("%20", "+")).toBe(bare?.target.replaceAll("%20", "+"))
    expect(signed?.body).toEqual(bare?.body)
    const { authorization, "x-sdk-date": date, ...headers } = signed?.headers ?? {}
    expect({ ...headers, host: "" }).toEqual({ ...bare?.headers, host: "" })
  })

  it("a form with a file, which is read once", async () => {
    const server = await serve((_, index) => (index === 0 ? { status: 503 } : {}))
    const request = api(server, aksk()).post(`${server.url}/upload`)
    await request
      .field("name", "ü")
      .attach("file", import.meta.filename)
      .retry(1)
    expect(await isSigned(server)).toEqual([true, true])
    expect(server.arrivals[1]?.body).toEqual(server.arrivals[0]?.body)
    expect(String(server.arrivals[0]?.body)).toContain("which is read once")
  })
})

describe("a result of superagent is the same as without auth", () => {
  it("the parsed answer, by promise and by callback", async () => {
    const server = await serve(() => ({ body: '{"a":1}', headers: { "content-type": "application/json" } }))
    expect((await api(server).get(server.url)).body).toEqual({ a: 1 })
    const given = await new Promise<unknown[]>((resolve) => api(server).get(server.url, (...args) => resolve(args)))
    expect(given).toEqual([null, expect.objectContaining({ status: 200, body: { a: 1 } })])
    expect(tokens(server)).toEqual(["secret-1", "secret-1"])
  })

  it("an error with status and response", async () => {
    const server = await serve(() => ({
      status: 404,
      body: '{"no":1}',
      headers: { "content-type": "application/json" },
    }))
    const facts = (error: superagent.HTTPError & { response: Response }) => [
      error.message,
      error.status,
      error.response.status,
      error.response.body,
    ]
    const bare = await superagent.get(server.url).catch(facts)
    expect(bare).toEqual(["Not Found", 404, 404, { no: 1 }])
    expect(await api(server).get(server.url).catch(facts)).toEqual(bare)
    expect(
      (
        await api(server)
          .get(server.url)
          .ok(({ status }) => status === 404)
      ).status,
    ).toBe(404)
  })

  it("an AuthError in place of a request", async () => {
    const server = await serve()
    const stale = tokenAuth({ value: "MIIsecret", issuedAt: 0, expiresAt: 1 })
    await expect(api(server, stale).get(server.url)).rejects.toMatchObject({ code: "AUTH_CREDENTIALS_EXPIRED" })
    const error = await new Promise((resolve) => api(server, stale).get(server.url, resolve))
    expect(error).toMatchObject({ code: "AUTH_CREDENTIALS_EXPIRED" })
    expect(server.arrivals).toEqual([])
  })

  it("the error of a missing file", async () => {
    const server = await serve()
    const sent = api(server).post(server.url).attach("file", "/not/there")
    await expect(sent).rejects.toMatchObject({ code: "ENOENT" })
    expect(server.arrivals).toEqual([])
  })

  it("a timeout", async () => {
    const server = await serve(() => new Promise(() => undefined))
    const sent = api(server).get(server.url).timeout({ response: 20 })
    await expect(sent).rejects.toMatchObject({ code: "ECONNABORTED", errno: "ETIMEDOUT", timeout: 20 })
  })

  it("the URLs of redirects, and the redirect above the limit", async () => {
    const server = await serve(({ target }) => {
      const step = Number(target.slice(1))
      return step === 3 ? {} : { status: 302, headers: { location: `/${step + 1}` } }
    })
    const { redirects } = await api(server).get(`${server.url}/0`)
    expect(redirects).toEqual([1, 2, 3].map((step) => `${server.url}/${step}`))
    const limited = api(server).get(`${server.url}/0`).redirects(2)
    await expect(limited).rejects.toMatchObject({ status: 302, response: { redirects: redirects.slice(0, 2) } })
    expect(new Set(tokens(server)).size).toBe(4)
    expect(tokens(server)).not.toContain(undefined)
  })

  it("nothing after an abort, not even if each error is retried", async () => {
    const server = await serve(() => new Promise(() => undefined))
    const request = api(server)
      .get(server.url)
      .retry(3, () => true)
    const sent = request.then(String, ({ code }: { code: string }) => code)
    while (server.arrivals.length === 0) await new Promise((resolve) => setTimeout(resolve, 2))
    request.abort()
    expect(await sent).toBe("ABORTED")
    expect(server.arrivals).toHaveLength(1)
  })

  it("cookies of the agent", async () => {
    const server = await serve(() => ({ headers: { "set-cookie": "a=1; Path=/" } }))
    const agent = api(server)
    await agent.get(server.url)
    await agent.get(server.url).set("Cookie", "b=2")
    expect(server.arrivals.map(({ headers }) => headers.cookie)).toEqual([undefined, "b=2; a=1"])
  })
})

describe("an auth", () => {
  it("may belong to one request, to an agent, or to one request instead of the agent's", async () => {
    const server = await serve()
    const cache = new TokenCache()
    const customer = tokenAuth({ value: "MIIcustomer", issuedAt: 0, expiresAt: Date.now() + 60_000 }, { cache })
    const agent = api(server)
    await superagent.get(server.url).use(authPlugin(numbering("alone"), { hosts: [server.host] }))
    await agent.get(server.url)
    await agent.get(server.url).use(countersign(customer))
    await agent.get(server.url).use(countersign(false))
    expect(tokens(server)).toEqual(["alone-1", "secret-1", "MIIcustomer", undefined])
  })

  it("comes from the later plugin", async () => {
    const server = await serve()
    await withAuth(api(server), numbering("later"), { hosts: [server.host] }).get(server.url)
    expect(tokens(server)).toEqual(["later-1"])
  })

  it("is refused for pipe() and write(), which send before a signature is possible", async () => {
    const server = await serve()
    const refusal = expect.objectContaining({ code: "AUTH_BODY_UNSIGNABLE" })
    expect(() => api(server).get(server.url).pipe(process.stdout)).toThrow(refusal)
    const written = api(server).post(server.url)
    written.write("a")
    await expect(written).rejects.toEqual(refusal)
    written.abort()
    expect(server.arrivals).toEqual([])
  })
})

it("has fewer than 80 lines of code", () => {
  const source = readFileSync(join(import.meta.dirname, "../src/index.ts"), "utf8")
  expect(source.split("\n").filter((line) => !/^\s*(?:$|\/\/|\/?\*)/.test(line)).length).toBeLessThan(80)
})
