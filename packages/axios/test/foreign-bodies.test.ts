import { runInNewContext } from "node:vm"
import { verify } from "@countersign/auth-core"
import { numbering, type RecordingServer, recordingServer } from "@countersign/testkit"
import axios, { type AxiosInstance } from "axios"
import { File as FileOfFormdataNode, FormData as FormDataOfFormdataNode } from "formdata-node"
import { Blob as BlobOfNodeFetch, FormData as FormDataOfNodeFetch } from "node-fetch"
import { FormData as FormDataOfUndici } from "undici"
import { afterEach, beforeEach, describe, expect, it } from "vitest"
import { akskAuth, withAuth } from "../src/index.ts"
import { version } from "./axios-version.ts"

const key = { accessKeyId: "AKFOREIGN", secretAccessKey: "sk-foreign" }
const bytes = [0, 1, 254, 255]

let server: RecordingServer
beforeEach(async () => {
  server = await recordingServer()
})
afterEach(() => server.close())

/** A class of another realm, as in a `vm` context and in Jest. */
const foreign = (code: string): unknown => runInNewContext(code)

function filled(form: { append(name: string, value: unknown, filename?: string): void }, file?: unknown): unknown {
  form.append("name", "Jörg")
  if (file !== undefined) form.append("file", file, "a.bin")
  return form
}

/** A form of a polyfill, with an unknown class. */
function formByShape(): unknown {
  const fields: [string, unknown][] = []
  return {
    append: (name: string, value: unknown) => void fields.push([name, value]),
    [Symbol.toStringTag]: "FormData",
    [Symbol.iterator]: () => fields[Symbol.iterator](),
    entries: () => fields[Symbol.iterator](),
  }
}

const blob = (): Blob => new Blob([new Uint8Array(bytes)], { type: "image/png" })
const bodies: [name: string, make: () => unknown][] = [
  ["formdata-node's FormData", () => filled(new FormDataOfFormdataNode() as never)],
  [
    "formdata-node's FormData with its File",
    () => filled(new FormDataOfFormdataNode() as never, new FileOfFormdataNode([new Uint8Array(bytes)], "a.bin")),
  ],
  [
    "node-fetch's FormData with its Blob",
    () => filled(new FormDataOfNodeFetch() as never, new BlobOfNodeFetch([new Uint8Array(bytes)])),
  ],
  ["undici's FormData with a Blob", () => filled(new FormDataOfUndici() as never, blob())],
  ["node-fetch's FormData", () => filled(new FormDataOfNodeFetch() as never)],
  ["a polyfill's FormData", () => filled(formByShape() as never)],
  ["node-fetch's Blob", () => new BlobOfNodeFetch([new Uint8Array(bytes)], { type: "image/png" })],
  ["an ArrayBuffer of another realm", () => foreign("new Uint8Array([0, 1, 254, 255]).buffer")],
  ["a Uint8Array of another realm", () => foreign("new Uint8Array([0, 1, 254, 255])")],
  ["a DataView of another realm", () => foreign("new DataView(new Uint8Array([0, 1, 254, 255]).buffer)")],
  ["a Uint32Array of another realm", () => foreign("new Uint32Array([1, 2])")],
  ["an object of another realm", () => foreign("({ a: 'ü' })")],
  ["a string of another realm", () => foreign("'ü'")],
  [
    "URLSearchParams of a polyfill",
    () => Object.assign(Object.create({ toString: () => "a=1" }), { [Symbol.toStringTag]: "URLSearchParams" }),
  ],
]

const typeOf = (text = ""): string => text.replace(/boundary=.*/, "boundary")

describe(`axios ${version}, http: a body of another realm or library`, () => {
  const bare = (): AxiosInstance => axios.create({ baseURL: server.url, adapter: "http" })

  it.each(bodies)("%s is sent authenticated, as axios sends it", async (_, make) => {
    await bare().post("/x", make())
    await withAuth(bare(), numbering()).post("/x", make())
    await withAuth(bare(), akskAuth(key)).post("/x", make())
    const [expected, ...authenticated] = server.arrivals
    for (const { headers, body } of authenticated) {
      expect(typeOf(headers["content-type"])).toBe(typeOf(expected?.headers["content-type"]))
      if (!/^multipart/.test(String(headers["content-type"]))) expect(body).toEqual(expected?.body)
      else
        expect(await fieldsOf(headers["content-type"], body)).toEqual(
          await fieldsOf(expected?.headers["content-type"], expected?.body),
        )
    }
    const [withToken, signed] = authenticated
    expect(withToken?.headers["x-auth-token"]).toBe("secret-1")
    const { method = "", target = "", headers = {}, body = null } = signed ?? {}
    const request = { method, url: server.url + target, headers: headers as Record<string, string>, body }
    expect(await verify(request, { secretFor: async () => key })).toMatchObject({ ok: true })
  })

  it.each([
    ["Uint8Array", "new Uint8Array([9, 0, 1, 254, 255, 9]).subarray(1, 5)"],
    ["DataView", "new DataView(new Uint8Array([9, 0, 1, 254, 255]).buffer, 1)"],
  ])("a %s of another realm into a larger buffer is sent as that part", async (_, code) => {
    for (const auth of [numbering(), akskAuth(key)]) await withAuth(bare(), auth).post("/x", foreign(code))
    expect(server.arrivals.map(({ body }) => [...body])).toEqual([bytes, bytes])
  })

  it.each<[name: string, data: unknown]>([
    ["an object", { a: 1 }],
    ["a number", 7],
    ["a Map", new Map()],
    ["a function", () => "a"],
    ["what calls itself a Blob", { [Symbol.toStringTag]: "Blob" }],
  ])("%s that axios does not take is refused with its own error, and nothing is sent", async (_, data) => {
    const config = { transformRequest: [() => data] }
    const failed = (api: AxiosInstance) => api.post("/x", "x", config).catch((error: unknown) => error)
    const message = "Data after transformation must be a string, an ArrayBuffer, a Buffer, or a Stream"
    for (const auth of [numbering(), akskAuth(key)]) {
      const error = await failed(withAuth(bare(), auth))
      expect(axios.isAxiosError(error)).toBe(true)
      expect(error).toMatchObject({ code: "ERR_BAD_REQUEST", message, config: { url: "/x" } })
    }
    expect(server.arrivals).toEqual([])
  })
})

async function fieldsOf(type: string | undefined, body: Uint8Array | undefined): Promise<unknown> {
  const form = await new Response(body as BodyInit, { headers: { "content-type": String(type) } }).formData()
  return Promise.all(
    [...form].map(async ([name, value]) =>
      typeof value === "string" ? [name, value] : [name, value.name, [...new Uint8Array(await value.arrayBuffer())]],
    ),
  )
}
