import { Readable } from "node:stream"
import { describe, expect, it, vi } from "vitest"
import { opaqueBody } from "../../src/engine/authenticate-attempt.ts"
import type { PreparedBody } from "../../src/engine/wire-request.ts"

const MB = 1024 * 1024

interface Source {
  stream: AsyncGenerator<Uint8Array>
  given: Uint8Array[]
  isFreed: boolean
}

function source(chunks: number, size = 10): Source {
  const state: Source = { stream: produce(), given: [], isFreed: false }
  async function* produce(): AsyncGenerator<Uint8Array> {
    try {
      for (let index = 0; index < chunks; index += 1) {
        const chunk = new Uint8Array(size).fill(index)
        state.given.push(chunk)
        yield chunk
      }
    } finally {
      state.isFreed = true
    }
  }
  return state
}

async function kept(stream: unknown): Promise<PreparedBody & { content: AsyncIterable<Uint8Array> }> {
  return (await opaqueBody(stream)) as PreparedBody & { content: AsyncIterable<Uint8Array> }
}

async function gather(content: AsyncIterable<Uint8Array>): Promise<Uint8Array[]> {
  const chunks: Uint8Array[] = []
  for await (const chunk of content) chunks.push(chunk)
  return chunks
}

describe("a stream that is left unread", () => {
  it.each([
    ["a Node stream", () => Readable.from([Buffer.from("ab"), Buffer.from("cd")])],
    ["a web stream", () => new Blob(["abcd"]).stream()],
    ["an async generator of text", () => Readable.from(["ab", "cd"])[Symbol.asyncIterator]()],
    ["a generator", () => ["ab", "cd"].values()],
  ])("is sent again from its beginning: %s", async (_, make) => {
    const body = await kept(make())
    for (let attempt = 0; attempt < 3; attempt += 1) {
      expect(Buffer.concat(await gather(body.content)).toString()).toBe("abcd")
    }
    expect(body.replayable).toBe(true)
  })

  it("is read only as it is sent, and not copied", async () => {
    const { stream, given } = source(10)
    const { content } = await kept(stream)
    expect(given).toHaveLength(0)
    const chunks = content[Symbol.asyncIterator]()
    const first = await chunks.next()
    expect(given).toHaveLength(1)
    expect(first.value).toBe(given[0])
  })

  it("goes on from its place when it is sent again half-way", async () => {
    const { stream, given } = source(4)
    const { content } = await kept(stream)
    const first = content[Symbol.asyncIterator]()
    await first.next()
    const pending = first.next()
    expect(await gather(content)).toEqual(given)
    expect(given).toHaveLength(4)
    await expect(pending).rejects.toThrow("sent anew")
    await expect(first.next()).rejects.toThrow("sent anew")
  })

  it("can be sent again up to 12 MB, and is complete above", async () => {
    const short = source(12, MB)
    const long = source(13, MB)
    const bodies = [await kept(short.stream), await kept(long.stream)] as const
    for (const { content } of bodies) await gather(content)
    expect(bodies.map(({ replayable }) => replayable)).toEqual([true, false])
    expect(await gather(bodies[0].content)).toHaveLength(12)
    await expect(gather(bodies[1].content)).rejects.toMatchObject({ code: "AUTH_BODY_UNSIGNABLE" })
    expect(long.given).toHaveLength(13)
  })

  it("fails with its own error, and is then not sent again", async () => {
    const broken = (async function* () {
      yield "a"
      throw new RangeError("disk gone")
    })()
    const body = await kept(broken)
    await expect(gather(body.content)).rejects.toThrow(new RangeError("disk gone"))
    expect(body.replayable).toBe(false)
  })

  it("is freed after the client gave it up, when no further attempt follows", async () => {
    const state = source(10)
    const body = await kept(state.stream)
    const first = body.content[Symbol.asyncIterator]()
    await first.next()
    await first.return?.()
    expect(state.isFreed).toBe(false)
    body.release?.()
    await vi.waitFor(() => expect(state.isFreed).toBe(true))
  })

  it("is sent to its end when no further attempt follows", async () => {
    const { stream, given } = source(4)
    const body = await kept(stream)
    const chunks = body.content[Symbol.asyncIterator]()
    await chunks.next()
    body.release?.()
    for (let left = 3; left > 0; left -= 1) expect((await chunks.next()).done).toBe(false)
    expect((await chunks.next()).done).toBe(true)
    expect(given).toHaveLength(4)
  })

  it("is closed with the reason when it is never sent", async () => {
    const cancel = vi.fn()
    const body = await kept(new ReadableStream({ cancel }))
    const reason = new RangeError("no token")
    body.discard?.(reason)
    expect(cancel).toHaveBeenCalledExactlyOnceWith(reason)
  })

  it("is not wrapped when the client must see it, or when it was consumed before", async () => {
    const stream = new Blob(["x"]).stream()
    expect(await opaqueBody(stream, true)).toMatchObject({ content: stream, replayable: false })
    const form = Object.assign(Readable.from(["x"]), { getHeaders: () => ({}) })
    expect(await opaqueBody(form)).toMatchObject({ content: form, replayable: false })
    stream.getReader()
    expect(await opaqueBody(stream)).toMatchObject({ content: stream, replayable: false })
  })
})
