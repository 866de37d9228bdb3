import { runInNewContext } from "node:vm"
import * as formdataNode from "formdata-node"
import * as nodeFetch from "node-fetch"
import * as nodeFetch2 from "node-fetch-2"
import * as undici from "undici"
import { describe, expect, it } from "vitest"
import { readBody } from "../../src/engine/authenticate-attempt.ts"
import { readStream } from "../../src/engine/chunk-source.ts"

const LIMIT = 1_000
const binary = Buffer.from([0, 255, 10, 13])

async function bytesOf(body: unknown): Promise<Buffer> {
  return Buffer.from((await readBody(body, LIMIT)).bytes as Uint8Array)
}

describe("memory of another realm", () => {
  it.each([
    ["an ArrayBuffer", "Uint8Array.of(0, 255, 10, 13).buffer"],
    ["a Uint8Array", "Uint8Array.of(9, 0, 255, 10, 13).subarray(1)"],
    ["a DataView", "new DataView(Uint8Array.of(9, 0, 255, 10, 13).buffer, 1)"],
    ["a SharedArrayBuffer", "b = new SharedArrayBuffer(4); new Uint8Array(b).set([0, 255, 10, 13]); b"],
  ])("%s becomes its bytes, also as a chunk of a stream", async (_, make) => {
    expect(await bytesOf(runInNewContext(make))).toEqual(binary)
    const { bytes } = await readStream([runInNewContext(make)].values(), LIMIT)
    expect(Buffer.from(bytes ?? [])).toEqual(binary)
  })

  it("URLSearchParams of another class become their text, with their type", async () => {
    const foreign = { [Symbol.toStringTag]: "URLSearchParams", toString: () => "q=a+b" }
    expect(await readBody(foreign, LIMIT)).toMatchObject({
      bytes: "q=a+b",
      contentType: "application/x-www-form-urlencoded;charset=UTF-8",
    })
  })
})

describe("a Blob of another library", () => {
  const type = "image/png"
  it.each([
    ["formdata-node", () => new formdataNode.Blob([binary], { type })],
    ["node-fetch", () => new nodeFetch.Blob([binary], { type })],
    ["node-fetch 2", () => new nodeFetch2.Response(binary, { headers: { "content-type": type } }).blob()],
  ])("%s: becomes its bytes, with its type", async (_, make) => {
    const blob = await make()
    expect(blob).not.toBeInstanceOf(Blob)
    expect(await bytesOf(blob)).toEqual(binary)
    expect(await readBody(blob, LIMIT)).toMatchObject({ contentType: type })
  })

  it("is refused if it does not give its bytes", async () => {
    await expect(readBody({ [Symbol.toStringTag]: "Blob", size: 1 }, LIMIT)).rejects.toMatchObject({
      code: "AUTH_BODY_UNSIGNABLE",
    })
  })
})

interface Classes {
  FormData: new () => { append(name: string, value: unknown, fileName?: string): void }
  File: new (parts: Uint8Array[], name: string, options: { type: string }) => object
}

describe("a form of another library becomes the same bytes as the platform's", () => {
  const filled = ({ FormData: Form, File: Own }: Classes): unknown => {
    const form = new Form()
    form.append("a", "ü")
    form.append("file", new Own([binary], "bild ü.png", { type: "image/png" }))
    form.append("renamed", new Own([binary], "b.png", { type: "" }), "other.png")
    return form
  }
  const textOf = async (form: unknown): Promise<string> => {
    const { bytes, contentType } = await readBody(form, LIMIT)
    const boundary = /boundary=(.+)$/.exec(contentType ?? "")?.[1] ?? "none"
    return Buffer.from(bytes as Uint8Array)
      .toString("latin1")
      .replaceAll(boundary, "boundary")
  }
  const platform = { FormData, File } as unknown as Classes

  it.each([
    ["formdata-node", formdataNode],
    ["node-fetch", nodeFetch],
    ["npm undici", { ...undici, File }],
    ["the platform's form with files of another library", { FormData: formdataNode.FormData, File }],
  ] as unknown as [string, Classes][])("%s", async (_, classes) => {
    expect(await textOf(filled(classes))).toBe(await textOf(filled(platform)))
  })

  it("unless a field is neither text nor a file", async () => {
    const form = {
      [Symbol.toStringTag]: "FormData",
      *[Symbol.iterator]() {
        yield ["field", { size: 1, name: "x" }]
      },
    }
    await expect(readBody(form, LIMIT)).rejects.toMatchObject({
      code: "AUTH_BODY_UNSIGNABLE",
      message: expect.stringContaining('"field"'),
    })
  })
})
