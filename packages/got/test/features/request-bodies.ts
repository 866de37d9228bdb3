import { Readable } from "node:stream"
import type { Arrival } from "@countersign/testkit"
import type { OptionsInit } from "got"
import { expect } from "vitest"
import { failure, type GotFeature, on, page, readFirst } from "./got-feature.ts"

const option = page("2-options")

const sent = ({ headers, body }: Arrival): unknown[] => [headers["content-type"], body.toString("latin1")]
const ab = "ab"

/** A body that has to be read to be signed. */
function unread(name: string, make: () => OptionsInit["body"], more: Partial<GotFeature> = {}): GotFeature {
  return option(
    "body",
    `body: ${name}`,
    async ({ api }, { server: { arrivals } }) => {
      await api.post("x", { body: make() })
      return arrivals.map(({ body }) => body.toString())
    },
    { gives: [ab], differs: readFirst, ...more },
  )
}

const known: Record<string, [make: () => OptionsInit["body"], more?: Partial<GotFeature>]> = {
  text: [() => ab],
  "an empty text": [() => "", { gives: [""] }],
  "a Buffer": [() => Buffer.from(ab)],
  "a Uint8Array, a part of a larger buffer": [
    () => new TextEncoder().encode(`--${ab}--`).subarray(2, 4),
    { releases: on.newest },
  ],
}

export const requestBodies = [
  ...Object.entries(known).map(([name, [make, more = {}]]) =>
    option(
      "body",
      `body: ${name}`,
      async ({ api }, { server: { arrivals } }) => {
        await api.post("x", { body: make() })
        return arrivals.map(({ body }) => body.toString())
      },
      { gives: [ab], ...more },
    ),
  ),
  unread("a Node stream", () => Readable.from([Buffer.from("a"), Buffer.from("b")], { objectMode: false })),
  unread("an async generator", async function* () {
    yield "a"
    yield Buffer.from("b")
  } as never),
  unread("a generator", function* () {
    yield "a"
    yield "b"
  } as never),
  unread(
    "an async generator that was called",
    () =>
      (async function* () {
        yield "a"
        yield "b"
      })() as never,
  ),
  unread("a list of chunks", () => [Buffer.from("a"), Buffer.from("b")] as never, { releases: on.newest }),
  unread("an object that can be iterated", () => ({ [Symbol.iterator]: () => ["a", "b"].values() }) as never, {
    releases: on.newest,
  }),
  unread("a web stream", () => new Blob([ab]).stream() as never, { releases: on.newest }),
  option(
    "body",
    "body: a stream whose length is given",
    async ({ api }, { server: { arrivals } }) => {
      const body = Readable.from([Buffer.from(ab)], { objectMode: false })
      await api.post("x", { body, headers: { "content-length": "2" } })
      return arrivals.map(({ headers, body }) => [headers["content-length"], `${body}`])
    },
    { gives: [["2", ab]] },
  ),
  option(
    "body",
    "body: a FormData",
    async ({ api }, { server: { arrivals } }) => {
      const body = new FormData()
      body.append("name", "ü")
      body.append("file", new File([Uint8Array.from([0, 255])], "file.bin", { type: "application/x-own" }))
      await api.post("x", { body })
      return arrivals.map(({ headers, body }) => [
        headers["content-type"]?.replace(/boundary=.*/, ""),
        body.toString("latin1").match(/(?<=name=")[^"]+|ÿ/g),
      ])
    },
    {
      gives: [["multipart/form-data; ", ["name", "file", "file.bin", "ÿ"]]],
      differs: {
        because: "A form is read first, also where its bytes need no signature, so that it can be sent again.",
        onTheWire: true,
        releases: on.newest,
      },
    },
  ),
  option(
    "json",
    "json is sent as JSON, under its own type or the caller's",
    async ({ api }, { server: { arrivals } }) => {
      for (const json of [{ a: "ü", b: undefined }, [1], "text", 1, null, false]) await api.post("x", { json })
      await api.post("x", { json: {}, headers: { "content-type": "application/vnd.own+json" } })
      return arrivals.map(({ headers, body }) => [headers["content-type"], `${body}`])
    },
    {
      gives: expect.arrayContaining([
        ["application/json", '{"a":"ü"}'],
        ["application/vnd.own+json", "{}"],
      ]),
    },
  ),
  option(
    "stringifyjson",
    "stringifyJson writes JSON",
    async ({ api }, { server: { arrivals } }) => {
      await api.post("x", { json: { a: 1 }, stringifyJson: (value) => `<${JSON.stringify(value)}>` })
      return arrivals.map(sent)
    },
    { gives: [["application/json", '<{"a":1}>']] },
  ),
  option(
    "form",
    "form is sent as a form",
    async ({ api }, { server: { arrivals } }) => {
      await api.post("x", { form: { a: "b c", d: "ü&", e: 1 } })
      return arrivals.map(sent)
    },
    { gives: [["application/x-www-form-urlencoded", "a=b+c&d=%C3%BC%26&e=1"]] },
  ),
  option(
    "body",
    "body, json and form exclude each other",
    async ({ api }, { server: { arrivals } }) => {
      const { name, message } = await failure(Promise.resolve().then(() => api.post("x", { body: "a", json: {} })))
      return [name, message, arrivals.length]
    },
    { gives: [expect.any(String), expect.any(String), 0] },
  ),
  option(
    "allowgetbody",
    "allowGetBody lets GET have a body, which is refused else",
    async ({ api }, { server: { arrivals } }) => {
      await api("x", { json: { a: 1 }, allowGetBody: true })
      const { name, message } = await failure(api("x", { json: { a: 1 } }))
      return [arrivals.map(({ method, body }) => `${method} ${body}`), name, message]
    },
    { gives: [['GET {"a":1}'], expect.any(String), expect.any(String)] },
  ),
  option("body", "each method without a body", async ({ api }, { server: { arrivals } }) => {
    for (const method of ["get", "post", "put", "patch", "head", "delete"] as const) await api[method]("x")
    await api("x", { method: "OPTIONS" })
    return arrivals.map(({ method, headers }) => [method, headers["content-length"], headers["content-type"]])
  }),
  option(
    "body",
    "a body that is of no kind to send is refused",
    async ({ api }, { server: { arrivals } }) => {
      const seen: unknown[] = []
      for (const body of [new Blob(["a"]), 1, {}]) {
        const { name, message } = await failure(Promise.resolve().then(() => api.post("x", { body: body as never })))
        seen.push([name, String(message).slice(0, 40)])
      }
      return [seen, arrivals.length]
    },
    { gives: [expect.any(Array), 0] },
  ),
]
