import { Readable } from "node:stream"
import type { Dispatcher } from "undici-types"
import { expect } from "vitest"
import { type FetchFeature, mdn, thrownBy } from "./fetch-client.ts"

/** Features of requests: input, init, Request. */
export const requests: readonly FetchFeature[] = [
  {
    name: "input: text, a URL, a Request, anything that turns into text",
    documentation: mdn("Window/fetch#resource"),
    run: async (fetch, { server }) => {
      await fetch(`${server.url}/text?a=b%20c#fragment`)
      await fetch(new URL("/ü/url", server.url))
      await fetch(new Request(`${server.url}/request`, { method: "PUT", headers: { "x-own": "1" }, body: "text" }))
      await fetch({ toString: () => `${server.url}/stringified` } as unknown as string)
      return server.arrivals.map(({ method, target, headers, body }) => [method, target, headers["x-own"], `${body}`])
    },
    gives: [
      ["GET", "/text?a=b%20c", undefined, ""],
      ["GET", "/%C3%BC/url", undefined, ""],
      ["PUT", "/request", "1", "text"],
      ["GET", "/stringified", undefined, ""],
    ],
  },
  {
    name: "input: a plus in the query",
    documentation: mdn("Window/fetch#resource"),
    run: async (fetch, { server }) => {
      await fetch(`${server.url}/?q=a+b%2Bc`)
      return server.arrivals.map(({ target }) => target)
    },
    gives: ["/?q=a+b%2Bc"],
    differs: {
      because: "A space is sent as %20: the gateway signs that, and takes a plus for a plus.",
      gives: ["/?q=a%20b%2Bc"],
      onTheWire: true,
    },
  },
  {
    name: "input: a Request of a subclass, and init over it",
    documentation: mdn("Request/Request"),
    run: async (fetch, { server }) => {
      class OwnRequest extends Request {
        readonly own = true
      }
      const request = new OwnRequest(`${server.url}/a`, { method: "POST", headers: { "x-old": "1" }, body: "old" })
      await fetch(request, { method: "PUT", headers: { "x-new": "1" }, body: "new" })
      await fetch(new OwnRequest(`${server.url}/b`, { method: "POST", headers: { "x-old": "1" }, body: "old" }))
      return [
        server.arrivals.map(({ method, headers, body }) => [method, headers["x-old"], headers["x-new"], `${body}`]),
        request.bodyUsed,
      ]
    },
    gives: [
      [
        ["PUT", undefined, "1", "new"],
        ["POST", "1", undefined, "old"],
      ],
      false,
    ],
  },
  {
    name: "input: a Request is used up, its clone is not",
    documentation: mdn("Request/clone"),
    run: async (fetch, { server }) => {
      const request = new Request(server.url, { method: "POST", body: "text" })
      const clone = request.clone()
      await fetch(request)
      const again = await thrownBy(fetch(request))
      await fetch(clone)
      return [
        request.bodyUsed,
        again instanceof TypeError,
        clone.bodyUsed,
        server.arrivals.map(({ body }) => `${body}`),
      ]
    },
    gives: [true, true, true, ["text", "text"]],
  },
  {
    name: "input: what is no URL, or has a user and a password, is refused",
    documentation: mdn("Window/fetch#exceptions"),
    run: async (fetch, { server }) => {
      const withPassword = await thrownBy(fetch(server.url.replace("//", "//user:password@")))
      return [withPassword instanceof TypeError, server.arrivals.length]
    },
    gives: [true, 0],
  },
  {
    name: "input: a URL that is relative, where there is no page",
    documentation: mdn("Window/fetch#exceptions"),
    run: async (fetch) => {
      const { name, message } = await thrownBy(fetch("/relative"))
      return [name, message]
    },
    gives: ["TypeError", "Failed to parse URL from /relative"],
    differs: {
      because: "The error says that there is no host to authenticate for.",
      gives: ["AuthError", expect.stringContaining("full http(s) URL")],
    },
  },
  {
    name: "input: data: and blob: URLs",
    documentation: mdn("Window/fetch#resource"),
    run: async (fetch) => {
      const url = URL.createObjectURL(new Blob(["blob"], { type: "text/plain" }))
      return [await (await fetch("data:text/plain,hello")).text(), await (await fetch(url)).text()]
    },
    gives: ["hello", "blob"],
  },
  {
    name: "method: upper case where the standard says so, others as they are",
    documentation: mdn("RequestInit#method"),
    run: async (fetch, { server }) => {
      for (const method of ["get", "Post", "PUT", "delete", "HEAD", "options", "PATCH", "REPORT"]) {
        await fetch(server.url, { method })
      }
      const refused = await Promise.all(
        ["TRACE", "CONNECT", "A B"].map((method) => thrownBy(fetch(server.url, { method }))),
      )
      return [server.arrivals.map(({ method }) => method), refused.map((error) => error instanceof TypeError)]
    },
    gives: [
      ["GET", "POST", "PUT", "DELETE", "HEAD", "OPTIONS", "PATCH", "REPORT"],
      [true, true, true],
    ],
  },
  {
    name: "headers: a record, pairs, Headers; several of a name",
    documentation: mdn("RequestInit#headers"),
    run: async (fetch, { server }) => {
      const forms: HeadersInit[] = [
        { "X-Own": "1", Cookie: "a=b" },
        [
          ["x-own", "1"],
          ["x-own", "2"],
        ],
        new Headers({ "x-own": "1" }),
      ]
      for (const headers of forms) await fetch(server.url, { headers })
      const refused = await thrownBy(fetch(server.url, { headers: { "x own": "1" } }))
      return [
        server.arrivals.map(({ headers }) => [headers["x-own"], headers.cookie]),
        refused instanceof TypeError,
        server.arrivals[0]?.headers["user-agent"],
      ]
    },
    gives: [
      [
        ["1", "a=b"],
        ["1, 2", undefined],
        ["1", undefined],
      ],
      true,
      "node",
    ],
  },
  {
    name: "headers: their names go out as the caller spelled them",
    documentation: mdn("RequestInit#headers"),
    run: async (fetch, { listen }) => {
      const seen: unknown[] = []
      const url = await listen(({ rawHeaders }, response) => {
        seen.push(rawHeaders.filter((name) => /^(?:x-own|content-type)$/i.test(name)))
        response.end()
      })
      const own = { "X-Own": "1", "Content-TYPE": "a/b" }
      for (const headers of [own, Object.entries(own) as [string, string][], new Headers(own)]) {
        await fetch(url, { method: "POST", headers, body: "text" })
      }
      return seen
    },
    gives: Array(3).fill(["X-Own", "Content-TYPE"]),
  },
  {
    name: "headers: Host is the URL's, whatever the caller says",
    documentation: mdn("RequestInit#headers"),
    run: async (fetch, { listen }) => {
      let host: string | undefined
      const url = await listen(({ headers }, response) => {
        host = headers.host
        response.end()
      })
      await fetch(url, { headers: { host: "elsewhere.example.com" } })
      return host
    },
    gives: "server-2",
  },
  {
    name: "body: text, bytes, views, Blobs, parameters, with type and length",
    documentation: mdn("RequestInit#body"),
    run: async (fetch, { server }) => {
      const bytes = Uint8Array.of(1, 2, 3)
      const bodies = ["ü", bytes, bytes.subarray(1), bytes.buffer, new DataView(bytes.buffer, 2), "", null, undefined]
      for (const body of bodies) await fetch(server.url, { method: "POST", body: body ?? null })
      for (const body of [new Blob(["b"], { type: "a/b" }), new Blob(["b"]), new URLSearchParams({ a: "b c" })]) {
        await fetch(server.url, { method: "POST", body })
      }
      return server.arrivals.map(({ headers, body }) => [
        headers["content-type"],
        headers["content-length"],
        body.toString("hex"),
      ])
    },
    gives: [
      ["text/plain;charset=UTF-8", "2", "c3bc"],
      [undefined, "3", "010203"],
      [undefined, "2", "0203"],
      [undefined, "3", "010203"],
      [undefined, "1", "03"],
      ["text/plain;charset=UTF-8", "0", ""],
      [undefined, "0", ""],
      [undefined, "0", ""],
      ["a/b", "1", "62"],
      [undefined, "1", "62"],
      ["application/x-www-form-urlencoded;charset=UTF-8", "5", "613d622063".replace("20", "2b")],
    ],
  },
  {
    name: "body: a form, with a boundary in its Content-Type",
    documentation: mdn("RequestInit#body"),
    run: async (fetch, { server }) => {
      const body = new FormData()
      body.append("name", 'Jörg "x"')
      body.append("file", new File(["abc"], "a.txt", { type: "text/plain" }))
      await fetch(server.url, { method: "POST", body })
      const [arrival] = server.arrivals
      const boundary = arrival?.headers["content-type"]?.replace(/.*boundary=/, "") ?? "none"
      return [arrival?.body.includes(boundary), arrival?.body.includes('filename="a.txt"')]
    },
    gives: [true, true],
  },
  {
    name: "body: with a Content-Type of the caller's",
    documentation: mdn("RequestInit#body"),
    run: async (fetch, { server }) => {
      const headers = { "content-type": "application/x-own" }
      for (const body of ["text", new Blob(["b"], { type: "a/b" }), new URLSearchParams({ a: "b" })]) {
        await fetch(server.url, { method: "POST", headers, body })
      }
      return server.arrivals.map(({ headers }) => headers["content-type"])
    },
    gives: Array(3).fill("application/x-own"),
  },
  {
    name: "body: beside GET and HEAD is refused",
    documentation: mdn("RequestInit#body"),
    run: async (fetch, { server }) => {
      const errors = ["GET", "HEAD"].map((method) => thrownBy(fetch(server.url, { method, body: "text" })))
      return [(await Promise.all(errors)).map((error) => error instanceof TypeError), server.arrivals.length]
    },
    gives: [[true, true], 0],
  },
  {
    name: "body: a number, a truth value",
    documentation: mdn("RequestInit#body"),
    run: async (fetch, { server }) => {
      for (const body of [5, 2n, false]) await fetch(server.url, { method: "POST", body: body as unknown as string })
      return server.arrivals.map(({ headers, body }) => `${headers["content-type"]} ${body}`)
    },
    gives: ["5", "2", "false"].map((text) => `text/plain;charset=UTF-8 ${text}`),
  },
  {
    name: "body: an object that is none of these goes out as its text",
    documentation: mdn("RequestInit#body"),
    run: async (fetch, { server }) => {
      const sent = fetch(server.url, { method: "POST", body: { a: 1 } as unknown as string })
      return [
        await sent.then(
          ({ status }) => status,
          ({ name }: Error) => name,
        ),
        `${server.arrivals[0]?.body}`,
      ]
    },
    gives: [200, "[object Object]"],
    differs: {
      because: "It is refused where it has to be signed, for nobody means to send that.",
      gives: ["AuthError", "undefined"],
      onTheWire: true,
      onlyWhereRead: true,
    },
  },
  {
    name: "body: a stream, an iterable, a generator, by duplex: half",
    documentation: mdn("RequestInit#duplex"),
    run: async (fetch, { server }) => {
      async function* generator(): AsyncGenerator<Uint8Array> {
        yield Buffer.from("hel")
        await new Promise((resolve) => setTimeout(resolve, 10))
        yield Buffer.from("lo")
      }
      const bodies = [new Blob(["hello"]).stream(), generator(), Readable.toWeb(Readable.from(generator()))]
      for (const body of bodies) {
        await fetch(server.url, { method: "POST", body: body as BodyInit, duplex: "half" } as RequestInit)
      }
      return server.arrivals.map(({ body }) => `${body}`)
    },
    gives: ["hello", "hello", "hello"],
    differs: {
      because: "A stream that has to be signed is read first, so it goes out with its length in place of chunks.",
      onTheWire: true,
      onlyWhereRead: true,
    },
  },
  {
    name: "body: a stream goes out while it is made",
    documentation: mdn("RequestInit#duplex"),
    run: async (fetch, { listen, limitMs }) => {
      let proceed = (): void => undefined
      const first = new Promise<void>((resolve) => {
        proceed = resolve
      })
      const chunks: string[] = []
      const url = await listen(async (request, response) => {
        for await (const chunk of request) {
          chunks.push(`${chunk}`)
          proceed()
        }
        response.end()
      })
      async function* generator(): AsyncGenerator<Uint8Array> {
        yield Buffer.from("first")
        await Promise.race([first, new Promise((resolve) => setTimeout(resolve, limitMs))])
        yield Buffer.from("second")
      }
      await fetch(url, { method: "POST", body: generator() as unknown as BodyInit, duplex: "half" } as RequestInit)
      return chunks
    },
    gives: ["first", "second"],
    differs: {
      because: "A body must be known before it is signed.",
      gives: ["firstsecond"],
      onTheWire: true,
      onlyWhereRead: true,
    },
  },
  {
    name: "body: a stream in a Request",
    documentation: mdn("RequestInit#duplex"),
    run: async (fetch, { server }) => {
      const body = new Blob(["hel", "lo"]).stream()
      await fetch(new Request(server.url, { method: "POST", body, duplex: "half" } as RequestInit))
      return server.arrivals.map(({ body }) => `${body}`)
    },
    gives: ["hello"],
    differs: {
      because: "A stream that has to be signed is read first, so it goes out with its length in place of chunks.",
      onTheWire: true,
      onlyWhereRead: true,
    },
  },
  {
    name: "body: a stream without duplex is refused",
    documentation: mdn("RequestInit#duplex"),
    run: async (fetch, { server }) => {
      const body = new Blob(["x"]).stream()
      return [
        await fetch(server.url, { method: "POST", body }).then(({ status }) => status, String),
        server.arrivals.length,
      ]
    },
    gives: [expect.stringContaining("TypeError"), 0],
    differs: { because: "A stream is sent as if duplex were given.", gives: [200, 1], onTheWire: true },
  },
  {
    name: "body: a stream that is used or locked is refused",
    documentation: mdn("RequestInit#body"),
    run: async (fetch, { server }) => {
      const used = new Request(server.url, { method: "POST", body: "x" })
      await used.text()
      const locked = new Blob(["x"]).stream()
      locked.getReader()
      const sent = fetch(server.url, { method: "POST", body: locked, duplex: "half" } as RequestInit)
      return [(await thrownBy(fetch(used))).name, (await thrownBy(sent)).name, server.arrivals.length]
    },
    gives: ["TypeError", "TypeError", 0],
    differs: {
      because: "A stream that has to be signed is read first; the error says that it was read before.",
      gives: ["TypeError", "AuthError", 0],
      onlyWhereRead: true,
    },
  },
  {
    name: "keepalive, cache, credentials, mode, referrer, referrerPolicy, priority",
    documentation: mdn("RequestInit"),
    run: async (fetch, { server }) => {
      const inits: RequestInit[] = [
        { keepalive: true },
        { cache: "no-store" },
        { cache: "reload" },
        { credentials: "omit" },
        { credentials: "include" },
        { mode: "cors" },
        { mode: "no-cors" },
        { referrer: "about:client", referrerPolicy: "no-referrer" },
        { priority: "high" },
      ]
      const types: unknown[] = []
      for (const init of inits) {
        const { type, status } = await fetch(server.url, init)
        types.push([type, status])
      }
      return [types, server.arrivals.map(({ headers }) => [headers["cache-control"], headers.pragma, headers.referer])]
    },
    gives: expect.arrayContaining([expect.arrayContaining([["basic", 200]])]),
  },
  {
    name: "mode: navigate, and a cache mode without its mode, are refused",
    documentation: mdn("RequestInit#mode"),
    run: async (fetch, { server }) => {
      const errors = await Promise.all([
        thrownBy(fetch(server.url, { mode: "navigate" })),
        thrownBy(fetch(server.url, { cache: "only-if-cached" })),
        thrownBy(fetch(server.url, { redirect: "elsewhere" as "error" })),
        thrownBy(fetch(server.url, { window: "own" as unknown as null })),
      ])
      return [errors.map(({ name }) => name), server.arrivals.length]
    },
    gives: [Array(4).fill("TypeError"), 0],
  },
  {
    name: "integrity: what was not sent as expected is refused",
    documentation: mdn("RequestInit#integrity"),
    answer: () => ({ body: "abc" }),
    run: async (fetch, { server }) => {
      const right = await fetch(server.url, { integrity: "sha256-ungWv48Bz+pBQUDeXa4iI7ADYaOWF3qctBD/YfIAFa0=" })
      const wrong = await thrownBy(fetch(server.url, { integrity: `sha256-${"A".repeat(43)}=` }))
      const request = new Request(server.url, { integrity: `sha256-${"A".repeat(43)}=` })
      return [await right.text(), wrong.message, (await thrownBy(fetch(request))).message]
    },
    gives: ["abc", "fetch failed", "fetch failed"],
  },
  {
    name: "dispatcher of undici, in init and in a Request",
    documentation: "https://undici.nodejs.org/#/docs/api/Fetch.md",
    run: async (fetch, { server }) => {
      const { dispatcher, seen } = noting()
      await fetch(`${server.url}/a`, { dispatcher } as RequestInit)
      await fetch(`${server.url}/b`, { method: "POST", body: "text", dispatcher } as RequestInit)
      await fetch(new Request(`${server.url}/c`, { dispatcher } as RequestInit))
      return seen
    },
    gives: ["/a", "/b", "/c"],
  },
  {
    name: "dispatcher of undici, in a Request with a body",
    documentation: "https://undici.nodejs.org/#/docs/api/Fetch.md",
    run: async (fetch, { server }) => {
      const { dispatcher, seen } = noting()
      await fetch(new Request(`${server.url}/a`, { method: "POST", body: "text", dispatcher } as RequestInit))
      return seen
    },
    gives: ["/a"],
  },
]

/** A dispatcher of the platform's own undici that records requests. */
function noting(): { dispatcher: unknown; seen: string[] } {
  const seen: string[] = []
  const platform = (globalThis as unknown as Record<symbol, Dispatcher>)[Symbol.for("undici.globalDispatcher.1")]
  const dispatcher = platform?.compose((dispatch) => (options, handler) => {
    seen.push(options.path)
    return dispatch(options, handler)
  })
  return { dispatcher, seen }
}
