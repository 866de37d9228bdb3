import { Readable } from "node:stream"
import { describe, expect, it } from "vitest"
import { opaqueBody, readBody } from "../../src/engine/authenticate-attempt.ts"

const LIMIT = 1_000

async function* chunksOf(...chunks: unknown[]): AsyncGenerator<unknown> {
  yield* chunks
}

async function gather(content: unknown): Promise<Buffer> {
  const parts: Uint8Array[] = []
  for await (const chunk of content as AsyncIterable<Uint8Array>) parts.push(chunk)
  return Buffer.concat(parts)
}

describe("bytes in memory", () => {
  it.each(["", "text", "ü".repeat(LIMIT / 2)])("a string within the limit stays a string", (text) => {
    expect(readBody(text, LIMIT)).toMatchObject({ content: text, bytes: text, replayable: true, exceedsLimit: false })
  })

  it("are not copied", () => {
    const bytes = new Uint8Array(8).subarray(2, 6)
    expect(readBody(bytes, LIMIT)).toHaveProperty("bytes", bytes)
  })

  const { buffer } = Uint8Array.from({ length: 64 }, (_, index) => index)

  it.each([
    new Uint16Array(buffer, 8, 2),
    new Float64Array(buffer, 8, 2),
    new DataView(buffer, 8, 2),
    new Int8Array(buffer, 8, 2),
  ])("are only those of the view: %o", async (view) => {
    const { bytes } = (await readBody(view, LIMIT)) as { bytes: Uint8Array }
    expect(bytes.buffer).toBe(buffer)
    expect(bytes[0]).toBe(8)
  })

  it.each([
    ["a SharedArrayBuffer", (shared: SharedArrayBuffer) => shared],
    ["a Uint8Array", (shared: SharedArrayBuffer) => new Uint8Array(shared)],
    ["a DataView", (shared: SharedArrayBuffer) => new DataView(shared)],
  ])("are copied from shared memory, so that fetch sends the signed bytes: %s", async (_, bodyOver) => {
    const shared = new SharedArrayBuffer(4)
    new Uint8Array(shared).set([1, 2, 3, 4])
    const { bytes } = (await readBody(bodyOver(shared), LIMIT)) as { bytes: Uint8Array<ArrayBuffer> }
    new Uint8Array(shared).fill(0)
    const sent = await new Request("https://api.example.com", { method: "POST", body: bytes }).arrayBuffer()
    expect([...new Uint8Array(sent)]).toEqual([1, 2, 3, 4])
    expect([...bytes]).toEqual([1, 2, 3, 4])
  })

  it("have a limit that includes its last byte", () => {
    expect(readBody(new Uint8Array(LIMIT), LIMIT)).toHaveProperty("exceedsLimit", false)
    expect(readBody(new Uint8Array(LIMIT + 1), LIMIT)).toHaveProperty("exceedsLimit", true)
  })

  it("count as UTF-8 bytes, not characters", () => {
    expect(readBody("世".repeat(LIMIT / 4), LIMIT)).toHaveProperty("exceedsLimit", false)
    expect(readBody("世".repeat(LIMIT / 3 + 1), LIMIT)).toHaveProperty("exceedsLimit", true)
  })
})

describe("a stream", () => {
  it.each([
    ["a Node stream", () => Readable.from([Buffer.from("ab"), Buffer.from("cd")])],
    ["a web stream", () => new Blob(["abcd"]).stream()],
    ["an async generator", () => chunksOf("ab", new Uint8Array([0x63]), Uint8Array.of(0x64).buffer)],
    ["a generator", () => ["ab", "cd"].values()],
  ])("%s is read once and becomes bytes", async (_, make) => {
    const body = await readBody(make(), LIMIT)
    expect(Buffer.from(body.bytes as Uint8Array).toString()).toBe("abcd")
    expect(body.replayable).toBe(true)
  })

  it("goes on behind the limit", async () => {
    const chunks = Array.from({ length: 30 }, (_, index) => new Uint8Array(100).fill(index))
    const body = await readBody(chunksOf(...chunks), LIMIT)
    expect(body).toMatchObject({ bytes: undefined, replayable: false, exceedsLimit: true })
    expect(await gather(body.content)).toEqual(Buffer.concat(chunks))
  })

  it("is not read further than the limit requires", async () => {
    let given = 0
    const endless = (async function* () {
      for (;;) {
        given += 100
        yield new Uint8Array(100)
      }
    })()
    await readBody(endless, LIMIT)
    expect(given).toBe(LIMIT + 100)
  })

  it.each([
    ["half-way", async (content: AsyncGenerator) => void (await content.next())],
    ["before it is begun", async () => undefined],
  ])("frees its source when it is dropped %s", async (_, begin) => {
    let freed = false
    const source = (async function* () {
      try {
        for (;;) yield new Uint8Array(600)
      } finally {
        freed = true
      }
    })()
    const content = (await readBody(source, LIMIT)).content as AsyncGenerator
    await begin(content)
    await content.return(undefined)
    expect(freed).toBe(true)
  })

  it.each([
    ["a web stream", () => new ReadableStream()],
    ["a Node stream", () => new Readable({ read: () => undefined })],
    [
      "an async generator",
      async function* () {
        await new Promise(() => undefined)
        yield "never"
      },
    ],
  ])("is dropped when it is stuck and the caller aborts: %s", async (_, make) => {
    const stream = make()
    const abort = new AbortController()
    const reading = readBody(stream, LIMIT, abort.signal)
    setTimeout(() => abort.abort(new RangeError("no longer wanted")), 5)
    await expect(reading).rejects.toThrow("no longer wanted")
    if (stream instanceof Readable) expect(stream.destroyed).toBe(true)
  })

  it("fails with its own error", async () => {
    const broken = (async function* () {
      yield "a"
      throw new RangeError("disk gone")
    })()
    await expect(readBody(broken, LIMIT)).rejects.toThrow(new RangeError("disk gone"))
  })

  it.each([
    [
      "a locked web stream",
      () => {
        const stream = new Blob(["x"]).stream()
        stream.getReader()
        return stream
      },
    ],
    ["a destroyed Node stream", () => Readable.from(["x"]).destroy()],
  ])("is refused if it was used before: %s", async (_, make) => {
    await expect(readBody(make(), LIMIT)).rejects.toMatchObject({ code: "AUTH_BODY_UNSIGNABLE" })
  })

  it("is refused after it was read to its end, also a generator", async () => {
    const chunks = chunksOf("abcd")
    await readBody(chunks, LIMIT)
    await expect(readBody(chunks, LIMIT)).rejects.toMatchObject({ code: "AUTH_BODY_UNSIGNABLE" })
  })

  it("is refused if it gives neither text nor bytes", async () => {
    await expect(readBody(chunksOf({ a: 1 }), LIMIT)).rejects.toMatchObject({ code: "AUTH_BODY_UNSIGNABLE" })
  })
})

describe("a form or a Blob", () => {
  it("FormData becomes bytes with a new boundary", async () => {
    const form = new FormData()
    form.append("file", new Blob([new Uint8Array([0, 255, 10])]), "f.bin")
    const { bytes, contentType } = await readBody(form, LIMIT)
    const boundary = /boundary=(.+)$/.exec(contentType ?? "")?.[1] ?? "none"
    expect(Buffer.from(bytes as Uint8Array).toString("latin1")).toContain(`--${boundary}--`)
    expect(Buffer.from(bytes as Uint8Array).includes(Buffer.from([0, 255, 10]))).toBe(true)
  })

  it("FormData of another class becomes the same bytes as the platform's", async () => {
    const own = new FormData()
    own.append("a", "ü")
    own.append("file", new Blob(["text"], { type: "text/plain" }), "f.txt")
    const foreign = { [Symbol.toStringTag]: "FormData", [Symbol.iterator]: () => own[Symbol.iterator]() }
    const textOf = async (form: unknown): Promise<string> => {
      const { bytes, contentType } = await readBody(form, LIMIT)
      const boundary = /boundary=(.+)$/.exec(contentType ?? "")?.[1] ?? "none"
      return Buffer.from(bytes as Uint8Array)
        .toString()
        .replaceAll(boundary, "boundary")
    }
    expect(await textOf(foreign)).toBe(await textOf(own))
    expect(await textOf(foreign)).toContain('filename="f.txt"')
  })

  it("FormData whose files exceed the limit is not read at all", async () => {
    const form = new FormData()
    form.append("file", new Blob([new Uint8Array(LIMIT + 1)]))
    expect(await readBody(form, LIMIT)).toMatchObject({ content: form, bytes: undefined, exceedsLimit: true })
  })

  it("a Blob brings its type, and a Blob above the limit is not read", async () => {
    expect(await readBody(new Blob(["x"], { type: "text/csv" }), LIMIT)).toMatchObject({ contentType: "text/csv" })
    const large = new Blob([new Uint8Array(LIMIT + 1)])
    expect(await readBody(large, LIMIT)).toMatchObject({ content: large, exceedsLimit: true, replayable: true })
  })

  it("URLSearchParams become their text", async () => {
    expect(await readBody(new URLSearchParams({ q: "a b" }), LIMIT)).toMatchObject({
      bytes: "q=a+b",
      contentType: "application/x-www-form-urlencoded;charset=UTF-8",
    })
  })
})

describe("any other value", () => {
  it.each([{ a: 1 }, [1], Symbol("x"), () => "x", new Date(0), new Map()])(
    "%o is refused, named by its kind",
    async (body) => {
      await expect(readBody(body, LIMIT)).rejects.toMatchObject({ code: "AUTH_BODY_UNSIGNABLE" })
    },
  )

  it.each([7, 7n, true])("%o is signed as its text, and the client sends or refuses it", async (body) => {
    expect(await readBody(body, LIMIT)).toMatchObject({ content: body, bytes: String(body), replayable: true })
  })

  it.each([null, undefined])("%o counts as no body", (body) => {
    expect(readBody(body, LIMIT)).toMatchObject({ content: null, bytes: null, replayable: true })
  })
})

describe("a body left unread", () => {
  it("can be sent again", () => {
    expect(opaqueBody("x")).toHaveProperty("replayable", true)
    expect(opaqueBody(new FormData())).toHaveProperty("replayable", true)
    expect(opaqueBody(new Blob([]))).toHaveProperty("replayable", true)
  })
})
