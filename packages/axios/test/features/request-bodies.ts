import { PassThrough, Readable } from "node:stream"
import type { Arrival } from "@countersign/testkit"
import { failure, on, section } from "./axios-feature.ts"

const option = section("request-config")
const urlencoded = section("using-applicationx-www-form-urlencoded-format")

const sent = ({ headers, body }: Arrival): unknown[] => [headers["content-type"], body.toString("latin1")]

const readFirst = {
  because: "A signature has a stream read first, so that it goes out with its length.",
  onTheWire: true,
}
const bodies: Record<string, () => unknown> = {
  "an object, as JSON": () => ({ a: "ü", b: [1, null] }),
  "a list, as JSON": () => [1, { a: 2 }],
  text: () => "plain ü",
  "an empty text": () => "",
  null: () => null,
  "a Buffer": () => Buffer.from([0, 255, 1]),
  "an ArrayBuffer": () => Uint8Array.from([0, 255, 1]).buffer,
  "a Uint8Array": () => Uint8Array.from([0, 255, 1]),
  URLSearchParams: () =>
    new URLSearchParams([
      ["a", "b c"],
      ["a", "ü"],
    ]),
}

const contentTypes = ["application/json", "text/x-own", "application/x-www-form-urlencoded"]

export const requestBodies = [
  ...Object.entries(bodies).map(([name, make]) =>
    option(`data: ${name}`, async (api, { server: { arrivals } }) => {
      await api.post("/x", make())
      return arrivals.map(sent)
    }),
  ),
  option(
    "data: a Node stream",
    async (api, { server: { arrivals } }) => {
      await api.post("/x", Readable.from([Buffer.from("a"), Buffer.from("b")], { objectMode: false }))
      return arrivals.map(sent)
    },
    { gives: [["application/x-www-form-urlencoded", "ab"]], differs: readFirst },
  ),
  option(
    "data: a Blob",
    async (api, { server: { arrivals } }) => {
      await api.post("/x", new Blob(["a"], { type: "image/png" }))
      await api.post("/x", new Blob(["a"]))
      return arrivals.map(sent)
    },
    {
      differs: {
        because: "axios' fetch adapter names another type than the Blob's.",
        gives: [
          ["image/png", "a"],
          ["application/octet-stream", "a"],
        ],
        onTheWire: true,
        releases: on.fetch,
      },
    },
  ),
  ...contentTypes.map((type) =>
    option(`data under a Content-Type of the caller's: ${type}`, async (api, { server: { arrivals } }) => {
      const headers = { "Content-Type": type }
      await api.post("/x", { a: ["b", "c"], d: { e: 1 } }, { headers })
      await api.post("/x", "text", { headers })
      await api.post("/x", '{"a": 1}', { headers })
      await api.post("/x", Buffer.from("bytes"), { headers })
      return arrivals.map(sent)
    }),
  ),
  option("data of a request that has none", async (api, { server: { arrivals } }) => {
    for (const method of ["get", "head", "options", "delete", "post", "put", "patch"]) {
      await api.request({ url: "/x", method })
    }
    return arrivals.map((arrival) => [arrival.method, sent(arrival), arrival.headers["content-length"]])
  }),
  option("data is none of the instance's", async (api, { server: { arrivals } }) => {
    Object.assign(api.defaults, { data: { a: 1 } })
    await api.post("/x")
    return arrivals.map(sent)
  }),
  option(
    "transformRequest in place of axios' own, with the headers to change",
    async (api, { server: { arrivals } }) => {
      const transformRequest = (
        data: { a: number },
        headers: { set(name: string, value: string): unknown },
      ): string => {
        headers.set("X-Transformed", "1")
        headers.set("Content-Type", "text/x-own")
        return `a=${data.a}`
      }
      await api.post("/x", { a: 1 }, { transformRequest })
      return arrivals.map((arrival) => [sent(arrival), arrival.headers["x-transformed"]])
    },
  ),
  option(
    "transformRequest as a list, each with the work of the one before, called with the config",
    async (api, { server: { arrivals } }) => {
      const seen: unknown[] = []
      await api.post(
        "/x",
        { a: 1 },
        {
          transformRequest: [
            function (this: { url?: string }, data) {
              seen.push(this?.url, data)
              return { ...data, b: 2 }
            },
            (data) => JSON.stringify(data),
          ],
        },
      )
      return [seen, arrivals.map(sent)]
    },
  ),
  option(
    "transformRequest that leaves what cannot be sent",
    async (api) => failure(api.post("/x", { a: 1 }, { transformRequest: [(data) => data] })),
    { releases: on.http },
  ),
  option("transformRequest that throws", async (api) => {
    const transformRequest = (): never => {
      throw new TypeError("mine")
    }
    const error = await api.post("/x", "a", { transformRequest }).catch((caught: unknown) => caught)
    return [error instanceof TypeError, String(error)]
  }),
  option(
    "maxBodyLength of known bodies",
    async (api, { server: { arrivals } }) => {
      const within = await api.post("/x", "x".repeat(100), { maxBodyLength: 100 })
      const error = await failure(api.post("/x", "x".repeat(101), { maxBodyLength: 100 }))
      return [within.status, error, arrivals.length]
    },
    { releases: on.http },
  ),
  option(
    "maxBodyLength of streams",
    async (api) => {
      const stream = (): Readable => Readable.from([Buffer.alloc(90), Buffer.alloc(90)], { objectMode: false })
      const within = await api.post("/x", stream(), { maxBodyLength: 200 })
      const { message } = await failure(api.post("/x", stream(), { maxBodyLength: 100 }))
      return [within.status, message]
    },
    { releases: on.http, gives: [200, "Request body larger than maxBodyLength limit"], differs: readFirst },
  ),
  option(
    "maxBodyLength with the fetch adapter",
    async (api) => {
      const within = await api.post("/x", "x".repeat(100), { maxBodyLength: 100 })
      return [within.status, await failure(api.post("/x", "x".repeat(101), { maxBodyLength: 100 }))]
    },
    { releases: on.newestFetch },
  ),
  option(
    "a body stream that fails",
    async (api) => {
      const body = new Readable({
        read() {
          this.destroy(Object.assign(new Error("disk gone"), { code: "EIO" }))
        },
      })
      const { name, code, message } = await failure(api.post("/x", body))
      return [name, code, message]
    },
    { releases: on.http },
  ),
  option(
    "a body stream that is closed before its end",
    async (api) => {
      const body = new PassThrough()
      body.write("begun")
      setTimeout(() => body.destroy(), 20)
      const { name, code, message } = await failure(api.post("/x", body))
      return [name, code, message]
    },
    { releases: on.newestHttp },
  ),
  urlencoded("an object under application/x-www-form-urlencoded", async (api, { server: { arrivals } }) => {
    const headers = { "content-type": "application/x-www-form-urlencoded" }
    await api.post("/x", { x: 1, arr: [1, 2], users: [{ name: "Peter" }], "y z": "a b&c" }, { headers })
    return arrivals.map(sent)
  }),
].flat()
