import { brotliCompressSync, deflateSync, gzipSync } from "node:zlib"
import { arrived } from "@countersign/testkit"
import { expect } from "vitest"
import { type FetchFeature, mdn, stuck, thrownBy } from "./fetch-client.ts"

/** Features of results: responses, redirects, errors, aborts. */
export const responses: readonly FetchFeature[] = [
  {
    name: "status, headers, URL, type, class",
    documentation: mdn("Response"),
    answer: () => ({ status: 404, headers: { "X-Own": "1", "set-cookie": ["a=1", "b=2"] }, body: "gone" }),
    run: async (fetch, { server }) => {
      const response = await fetch(`${server.url}/a?b=c`)
      const { status, statusText, ok, url, type, redirected, bodyUsed, headers } = response
      return {
        ...{ isResponse: response instanceof Response, status, statusText, ok, url, type, redirected, bodyUsed },
        headers: [headers.get("x-own"), headers.getSetCookie(), [...headers.keys()].includes("date")],
        keys: Object.keys(response),
      }
    },
    gives: {
      ...{ isResponse: true, status: 404, statusText: "Not Found", ok: false, url: "http://server-1/a?b=c" },
      ...{ type: "basic", redirected: false, bodyUsed: false, headers: ["1", ["a=1", "b=2"], true], keys: [] },
    },
  },
  {
    name: "headers of a response cannot be changed",
    documentation: mdn("Headers"),
    run: async (fetch, { server }) => {
      const { headers } = await fetch(server.url)
      try {
        headers.set("x-own", "1")
      } catch (error) {
        return (error as Error).name
      }
      return "no error"
    },
    gives: "TypeError",
  },
  {
    name: "bodies: text, json, bytes, blob, form, once; clone",
    documentation: mdn("Response"),
    answer: ({ target }) =>
      target === "/form"
        ? { headers: { "content-type": "application/x-www-form-urlencoded" }, body: "a=b+c" }
        : { body: '{"a":1}' },
    run: async (fetch, { server }) => {
      const get = (path = ""): Promise<Response> => fetch(server.url + path)
      const response = await get()
      const clone = response.clone()
      const text = await response.text()
      const blob = await (await get()).blob()
      return [
        [text, await clone.json(), response.bodyUsed, (await thrownBy(response.text())).name],
        Buffer.from(await (await get()).arrayBuffer()).toString(),
        [blob.type, blob.size],
        [...(await (await get("/form")).formData())],
      ]
    },
    gives: [['{"a":1}', { a: 1 }, true, "TypeError"], '{"a":1}', ["application/json", 7], [["a", "b c"]]],
  },
  {
    name: "no body: null",
    documentation: mdn("Response/body"),
    answer: () => ({ status: 204, body: "" }),
    run: async (fetch, { server }) => {
      const empty = await fetch(server.url)
      const head = await fetch(server.url, { method: "HEAD" })
      return [empty.body, await empty.text(), head.body, await head.text()]
    },
    gives: [null, "", null, ""],
  },
  {
    name: "body: streamed as it comes, and cancelled",
    documentation: mdn("Response/body"),
    run: async (fetch, { listen }) => {
      let proceed = (): void => undefined
      let closed: (value: string) => void
      const isClosed = new Promise<string>((resolve) => {
        closed = resolve
      })
      const url = await listen((request, response) => {
        request.socket.once("close", () => closed("closed"))
        response.write("first")
        proceed = () => void response.write("second")
      })
      const reader = (await fetch(url)).body?.getReader()
      const read = async (): Promise<string> => Buffer.from((await reader?.read())?.value ?? []).toString()
      const first = await read()
      proceed()
      const second = await read()
      await reader?.cancel()
      return [first, second, await isClosed]
    },
    gives: ["first", "second", "closed"],
  },
  {
    name: "compressed bodies are decoded",
    documentation: mdn("Response/body"),
    answer: ({ target }) => {
      const encode = { gzip: gzipSync, deflate: deflateSync, br: brotliCompressSync }[target.slice(1)]
      return { headers: { "content-encoding": target.slice(1) }, body: encode?.("plain") ?? "" }
    },
    run: async (fetch, { server }) => {
      const read = async (encoding: string): Promise<unknown> => {
        const response = await fetch(`${server.url}/${encoding}`)
        return [await response.text(), response.headers.get("content-encoding")]
      }
      return [
        await read("gzip"),
        await read("deflate"),
        await read("br"),
        server.arrivals[0]?.headers["accept-encoding"],
      ]
    },
    gives: [["plain", "gzip"], ["plain", "deflate"], ["plain", "br"], expect.stringContaining("gzip")],
  },
  {
    name: "redirect: follow, with method and body as the standard says",
    documentation: mdn("RequestInit#redirect"),
    answer: ({ target }) =>
      target.startsWith("/end") ? {} : { status: Number(target.slice(1)), headers: { location: "/end?a=b" } },
    run: async (fetch, { server }) => {
      const seen: unknown[] = []
      for (const status of [301, 302, 303, 307, 308]) {
        for (const method of ["POST", "PUT"]) {
          const response = await fetch(`${server.url}/${status}`, { method, body: "text", headers: { "x-own": "1" } })
          seen.push([response.url, response.redirected, response.status])
        }
      }
      const ends = server.arrivals.filter(({ target }) => target === "/end?a=b")
      const sent = ends.map(
        ({ method, body, headers }) => `${method} ${body} ${headers["x-own"]} ${headers["content-type"]}`,
      )
      return [seen, sent]
    },
    gives: [
      Array(10).fill(["http://server-1/end?a=b", true, 200]),
      [
        ...["GET  1 undefined", "PUT text 1 text/plain;charset=UTF-8"],
        ...["GET  1 undefined", "PUT text 1 text/plain;charset=UTF-8"],
        ...["GET  1 undefined", "GET  1 undefined"],
        ...["POST text 1 text/plain;charset=UTF-8", "PUT text 1 text/plain;charset=UTF-8"],
        ...["POST text 1 text/plain;charset=UTF-8", "PUT text 1 text/plain;charset=UTF-8"],
      ],
    ],
  },
  {
    name: "redirect: told by clones of the response too",
    documentation: mdn("Response/redirected"),
    answer: ({ target }) => (target === "/from" ? { status: 302, headers: { location: "/to" } } : {}),
    run: async (fetch, { server }) => {
      const response = await fetch(`${server.url}/from`)
      const clone = response.clone()
      return [clone.redirected, clone.clone().redirected, clone.url, await clone.json(), await response.json()]
    },
    gives: [true, true, "http://server-1/to", { ok: true }, { ok: true }],
  },
  {
    name: "redirect: to another origin, without Authorization, Cookie and Host",
    documentation: mdn("RequestInit#redirect"),
    run: async (fetch, { server, listen }) => {
      const foreign = server.url.replace("127.0.0.1", "localhost")
      const url = await listen((_request, response) => response.writeHead(307, { location: `${foreign}/a` }).end())
      const headers = { authorization: "Basic a", cookie: "a=b", "proxy-authorization": "Basic b", "x-own": "1" }
      const response = await fetch(url, { method: "POST", headers, body: "text" })
      const [arrival] = server.arrivals
      const { authorization, cookie, "proxy-authorization": proxy, "x-own": own } = arrival?.headers ?? {}
      return [authorization, cookie, proxy, own, `${arrival?.body}`, response.redirected]
    },
    gives: [undefined, undefined, undefined, "1", "text", true],
  },
  {
    name: "redirect: to another origin that is listed too",
    documentation: mdn("RequestInit#redirect"),
    run: async (fetch, { server, listen }) => {
      const url = await listen((_request, response) => response.writeHead(302, { location: server.url }).end())
      const { redirected, type, status } = await fetch(url)
      return [redirected, type, status, server.arrivals.length]
    },
    gives: [true, "cors", 200, 1],
    differs: {
      because: "Each hop is a request of its own, so the last answer is of the basic type.",
      gives: [true, "basic", 200, 1],
      onTheWire: true,
    },
  },
  {
    name: "redirect: manual and error, in init and in a Request",
    documentation: mdn("RequestInit#redirect"),
    answer: () => ({ status: 302, headers: { location: "/to" }, body: "moved" }),
    run: async (fetch, { server }) => {
      const manual = await fetch(server.url, { redirect: "manual" })
      const byRequest = await fetch(new Request(server.url, { redirect: "manual" }))
      const error = await thrownBy(fetch(server.url, { redirect: "error" }))
      const errorByRequest = await thrownBy(fetch(new Request(server.url, { redirect: "error" })))
      return [
        [manual.status, manual.type, manual.headers.get("location"), await manual.text(), byRequest.status],
        [error, errorByRequest].map(({ name, message, cause }) => [name, message, (cause as Error).message]),
      ]
    },
    gives: [[302, "basic", "/to", "moved", 302], Array(2).fill(["TypeError", "fetch failed", "unexpected redirect"])],
  },
  {
    name: "redirect: twenty, no more",
    documentation: mdn("RequestInit#redirect"),
    answer: (_arrival, index) => (index === 25 ? {} : { status: 302, headers: { location: "/again" } }),
    run: async (fetch, { server }) => {
      const { name, message, cause } = await thrownBy(fetch(server.url))
      return [name, message, (cause as Error).message.replace(/:.*/, ""), server.arrivals.length]
    },
    gives: ["TypeError", "fetch failed", "redirect count exceeded", 21],
  },
  {
    name: "redirect: without a Location, or to what is no http",
    documentation: mdn("RequestInit#redirect"),
    answer: ({ target }) => ({ status: 302, headers: target === "/none" ? {} : { location: "mailto:a@example.com" } }),
    run: async (fetch, { server }) => {
      const none = await fetch(`${server.url}/none`)
      const mail = await fetch(`${server.url}/mail`).catch((error: Error) => error.name)
      return [none.status, mail instanceof Response ? mail.status : mail]
    },
    gives: [302, "TypeError"],
    differs: { because: "A redirect that cannot be followed is given to the caller.", gives: [302, 302] },
  },
  {
    name: "errors of the network: a TypeError with the cause",
    documentation: mdn("Window/fetch#exceptions"),
    run: async (fetch, { listen }) => {
      const hangsUp = await listen((request) => request.socket.destroy())
      const errors = await Promise.all([thrownBy(fetch("http://127.0.0.1:2/")), thrownBy(fetch(hangsUp))])
      return errors.map((error) => [
        error instanceof TypeError,
        error.message,
        (error.cause as { code: string }).code,
        Object.keys(error),
      ])
    },
    gives: [
      [true, "fetch failed", "ECONNREFUSED", []],
      [true, "fetch failed", "UND_ERR_SOCKET", []],
    ],
  },
  {
    name: "a rejected credential is an answer like any other",
    documentation: mdn("Response/ok"),
    answer: () => ({ status: 401, body: '{"error_code":"APIGW.0301"}' }),
    run: async (fetch, { server }) => {
      const response = await fetch(server.url)
      return [response.status, await response.clone().text(), await response.json(), response.redirected]
    },
    gives: [401, '{"error_code":"APIGW.0301"}', { error_code: "APIGW.0301" }, false],
    differs: {
      because:
        "A request that was rejected with 401 is sent once more with a fresh credential before the caller is told.",
      onTheWire: true,
    },
  },
  {
    name: "signal: aborted before, and nothing is sent",
    documentation: mdn("RequestInit#signal"),
    run: async (fetch, { server }) => {
      const reason = new RangeError("own")
      const errors = await Promise.all([
        thrownBy(fetch(server.url, { signal: AbortSignal.abort() })),
        thrownBy(fetch(server.url, { signal: AbortSignal.abort(reason) })),
        thrownBy(fetch(new Request(server.url, { signal: AbortSignal.abort() }))),
      ])
      return [errors.map(({ name, code }) => [name, code]), errors[1] === reason, server.arrivals.length]
    },
    gives: [
      [
        ["AbortError", 20],
        ["RangeError", undefined],
        ["AbortError", 20],
      ],
      true,
      0,
    ],
  },
  {
    name: "signal: while waiting, in init and in a Request, with a reason, by a timeout",
    documentation: mdn("RequestInit#signal"),
    answer: stuck,
    run: async (fetch, { server, limitMs }) => {
      const soon = (reason?: unknown): AbortSignal => {
        const abort = new AbortController()
        void arrived(server, 6).then(() => abort.abort(reason))
        return abort.signal
      }
      const reason = new RangeError("own")
      const errors = await Promise.all([
        thrownBy(fetch(server.url, { signal: soon() })),
        thrownBy(fetch(new Request(server.url, { signal: soon() }))),
        thrownBy(fetch(new Request(server.url, { method: "POST", body: "text", signal: soon() }))),
        thrownBy(fetch(server.url, { signal: AbortSignal.timeout(limitMs) })),
        thrownBy(fetch(server.url, { signal: AbortSignal.any([soon(), new AbortController().signal]) })),
        thrownBy(fetch(server.url, { signal: soon(reason) })),
      ])
      return [errors.map(({ name, message }) => `${name}: ${message}`), errors.at(-1) === reason]
    },
    gives: [
      [
        ...Array(3).fill("AbortError: This operation was aborted"),
        "TimeoutError: The operation was aborted due to timeout",
        "AbortError: This operation was aborted",
        "RangeError: own",
      ],
      true,
    ],
  },
  {
    name: "signal: while reading the answer, and while sending a stream",
    documentation: mdn("RequestInit#signal"),
    run: async (fetch, { listen, limitMs }) => {
      const begun = await listen((_request, response) => response.write("begun"))
      const signal = AbortSignal.timeout(limitMs)
      const reading = await fetch(begun, { signal })
      const body = new ReadableStream({ pull: () => new Promise(() => undefined) })
      const errors = await Promise.all([
        thrownBy(reading.text()),
        thrownBy(
          fetch(begun, { method: "POST", body, duplex: "half", signal: AbortSignal.timeout(limitMs) } as RequestInit),
        ),
      ])
      return errors.map(({ name }) => name)
    },
    gives: ["TimeoutError", "TimeoutError"],
  },
  {
    name: "signal: null is none",
    documentation: mdn("RequestInit#signal"),
    run: async (fetch, { server }) => {
      const request = new Request(server.url, { signal: AbortSignal.abort() })
      return [(await fetch(request, { signal: null })).status, (await fetch(server.url, { signal: null })).status]
    },
    gives: [200, 200],
  },
  {
    name: "many requests at a time over few connections",
    documentation: mdn("Window/fetch"),
    run: async (fetch, { server }) => {
      const answers = await Promise.all(Array.from({ length: 30 }, (_, index) => fetch(`${server.url}/${index}`)))
      return [answers.every(({ ok }) => ok), server.arrivals.length]
    },
    gives: [true, 30],
  },
]
