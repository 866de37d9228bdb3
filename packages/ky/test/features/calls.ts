import { gzipSync } from "node:zlib"
import type { Options } from "ky"
import { expect } from "vitest"
import { type KyFeature, readme, SINCE_1_14, SINCE_2 } from "./ky-client.ts"

/** Calls, methods and bodies. */
export const calls: readonly KyFeature[] = [
  {
    name: "is called with a string, a URL or a Request",
    documentation: readme("kyinput-options"),
    answer: ({ target, method }) => ({ body: `${method} ${target}` }),
    run: async ({ api }, { server }) => [
      await api("string").text(),
      await api(new URL(`${server.url}/url?a=b%20c`)).text(),
      await api(new Request(`${server.url}/request`, { method: "PUT", body: "text" })).text(),
    ],
    gives: ["GET /string", "GET /url?a=b%20c", "PUT /request"],
  },
  {
    name: "takes from the options what differs from a Request",
    documentation: readme("input"),
    run: async ({ api }, { server }) => {
      const request = new Request(`${server.url}/a`, { method: "POST", headers: { "x-old": "1", "x-both": "old" } })
      await api(request, { method: "put", headers: { "x-both": "new" }, json: 1 })
      const [arrival] = server.arrivals
      return [arrival?.method, arrival?.headers["x-both"], arrival?.headers["x-old"], `${arrival?.body}`]
    },
    gives: ["PUT", "new", "1", "1"],
  },
  {
    name: "has a shortcut for each method",
    documentation: readme("kygetinput-options"),
    run: async ({ api }, { server }) => {
      for (const method of ["get", "post", "put", "patch", "head", "delete"] as const) await api[method]("a")
      return server.arrivals.map(({ method }) => method)
    },
    gives: ["GET", "POST", "PUT", "PATCH", "HEAD", "DELETE"],
  },
  {
    name: "sends QUERY with a body",
    documentation: readme("kyqueryinput-options"),
    releases: SINCE_2,
    run: async ({ api }, { server }) => {
      await api.query("a", { json: { find: "b" } })
      return server.arrivals.map(({ method, body }) => `${method} ${body}`)
    },
    gives: ['QUERY {"find":"b"}'],
  },
  {
    name: "sends methods of any name",
    documentation: readme("method"),
    run: async ({ api }, { server }) => {
      for (const method of ["options", "PURGE", "REPORT"]) await api("a", { method, retry: 0, throwHttpErrors: false })
      return server.arrivals.map(({ method }) => method)
    },
    gives: ["OPTIONS", "PURGE", "REPORT"],
  },
  {
    name: "refuses a method that is none",
    documentation: readme("method"),
    run: async ({ api }) => {
      try {
        await api("a", { method: "A B" })
      } catch (error) {
        return [error instanceof TypeError, String(error)]
      }
      return "no error"
    },
    gives: [true, expect.stringContaining("A B")],
  },
  {
    name: "reads the body by shortcuts, and says by Accept what it wants",
    documentation: readme("kyinput-options"),
    answer: ({ headers: { accept } }) => ({ body: JSON.stringify({ accept }) }),
    run: async ({ api }) => {
      const blob = await api("a").blob()
      return [
        await api("a").json(),
        await api("a").text(),
        Buffer.from(await api("a").arrayBuffer()).toString(),
        [blob.constructor.name, blob.type, await blob.text()],
      ]
    },
    gives: [
      { accept: "application/json" },
      '{"accept":"text/*"}',
      '{"accept":"*/*"}',
      ["Blob", "application/json", '{"accept":"*/*"}'],
    ],
  },
  {
    name: "reads a form",
    documentation: readme("kyinput-options"),
    answer: ({ headers }) => ({
      headers: { "content-type": "application/x-www-form-urlencoded" },
      body: `accept=${encodeURIComponent(headers.accept ?? "")}`,
    }),
    run: async ({ api }) => [...(await api("a").formData())].map(([name, value]) => `${name}=${value}`),
    gives: ["accept=multipart/form-data"],
  },
  {
    name: "reads bytes",
    documentation: readme("kyinput-options"),
    releases: SINCE_1_14,
    answer: () => ({ body: "abc" }),
    run: async ({ api }) => {
      const bytes = await api("a").bytes?.()
      return [bytes instanceof Uint8Array, Buffer.from(bytes ?? []).toString()]
    },
    gives: [true, "abc"],
  },
  {
    name: "keeps an Accept of the caller",
    documentation: readme("kyinput-options"),
    run: async ({ api }, { server }) => {
      await api("a", { headers: { accept: "application/x-own" } }).json()
      return server.arrivals[0]?.headers.accept
    },
    gives: "application/x-own",
  },
  {
    name: "gives a Response with status, headers, URL and body shortcuts",
    documentation: readme("kyinput-options"),
    answer: () => ({ status: 201, headers: { "x-own": "1", "set-cookie": ["a=1", "b=2"] }, body: '{"a":1}' }),
    run: async ({ api }) => {
      const response = await api.post("a", { body: "text" })
      const { status, statusText, ok, url, type, redirected, headers, bodyUsed } = response
      return {
        isResponse: response instanceof Response,
        ...{ status, statusText, ok, url, type, redirected, bodyUsed },
        headers: [headers.get("x-own"), headers.getSetCookie()],
        clone: await response.clone().text(),
        json: await response.json(),
      }
    },
    gives: {
      isResponse: true,
      ...{ status: 201, statusText: "Created", ok: true, bodyUsed: false },
      ...{ url: "http://server-1/a", type: expect.stringMatching(/^(?:basic|default)$/), redirected: false },
      headers: ["1", ["a=1", "b=2"]],
      clone: '{"a":1}',
      json: { a: 1 },
    },
  },
  {
    name: "decodes compressed responses",
    documentation: "https://developer.mozilla.org/en-US/docs/Web/API/Response/body",
    answer: () => ({ headers: { "content-encoding": "gzip" }, body: gzipSync("plain") }),
    run: async ({ api }) => await api("a").text(),
    gives: "plain",
  },
  {
    name: "streams the response",
    documentation: "https://developer.mozilla.org/en-US/docs/Web/API/Response/body",
    run: async ({ api }, { listen }) => {
      let proceed = (): void => undefined
      const url = await listen((_request, response) => {
        response.write("first")
        proceed = () => response.end("second")
      })
      const chunks: string[] = []
      for await (const chunk of (await api(new URL(url))).body ?? []) {
        chunks.push(Buffer.from(chunk).toString())
        proceed()
      }
      return chunks
    },
    gives: ["first", "second"],
  },
  {
    name: "sends a form as multipart/form-data, whatever Content-Type is set",
    documentation: readme("sending-form-data"),
    run: async ({ api }, { server }) => {
      const body = new FormData()
      body.append("name", "Jörg")
      body.append("file", new File(["abc"], "a.txt", { type: "text/plain" }))
      await api.post("a", { body })
      const [arrival] = server.arrivals
      return [arrival?.headers["content-type"]?.split(";")[0], arrival?.body.includes("Jörg")]
    },
    gives: ["multipart/form-data", true],
  },
  {
    name: "sends URLSearchParams as a form",
    documentation: readme("sending-form-data"),
    run: async ({ api }, { server }) => {
      await api.post("a", { body: new URLSearchParams({ food: "fries & co" }) })
      const [arrival] = server.arrivals
      return [arrival?.headers["content-type"], `${arrival?.body}`]
    },
    gives: ["application/x-www-form-urlencoded;charset=UTF-8", "food=fries+%26+co"],
  },
  {
    name: "sends text, bytes, views and Blobs with their type and length",
    documentation: readme("options"),
    run: async ({ api }, { server }) => {
      const bytes = Uint8Array.of(1, 2, 3, 4, 5)
      const bodies = ["text", bytes, bytes.subarray(1, 3), bytes.buffer, new Blob(["abc"], { type: "a/b" }), ""]
      for (const body of bodies) await api.put("a", { body })
      return server.arrivals.map(({ headers, body }) => [
        headers["content-type"],
        headers["content-length"],
        body.toString("hex"),
      ])
    },
    gives: [
      ["text/plain;charset=UTF-8", "4", "74657874"],
      [undefined, "5", "0102030405"],
      [undefined, "2", "0203"],
      [undefined, "5", "0102030405"],
      ["a/b", "3", "616263"],
      ["text/plain;charset=UTF-8", "0", ""],
    ],
  },
  {
    name: "sends a stream",
    documentation: readme("streaming-request-bodies"),
    run: async ({ api }, { server }) => {
      const body = new Blob(["hel", "lo"]).stream()
      await api.post("a", { body, duplex: "half", retry: 0 } as Options)
      return `${server.arrivals[0]?.body}`
    },
    gives: "hello",
    differs: {
      because: "A stream that has to be signed is read first, so it goes out with its length in place of chunks.",
      onTheWire: true,
      onlyWhereRead: true,
    },
  },
]
