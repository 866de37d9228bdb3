import { describe, expect, it } from "vitest"
import { createRecorder, type RecordedRequest } from "../../src/view/recorder.ts"

function arrived(path: string, bytes = 0): Omit<RecordedRequest, "id"> {
  const content = bytes === 0 ? undefined : new Uint8Array(bytes)
  const trace = { body: { bytes, sha256: "", content } }
  return { time: 0, part: "gateway", method: "GET", url: path, target: path, path, headers: {}, port: 80, trace }
}

const ANSWER = { status: 200, durationMs: 1, headers: {} }

describe("createRecorder", () => {
  it("keeps the last 10,000 requests", () => {
    const recorder = createRecorder()
    for (let sent = 1; sent <= 10_010; sent++) recorder.open(arrived(`/${sent}`))
    const paths = Array.from(recorder.requests, ({ path }) => path)
    expect([paths.length, paths[0], paths.at(-1)]).toEqual([10_000, "/11", "/10010"])
    expect([recorder.find(10), recorder.find(11)?.path]).toEqual([undefined, "/11"])
  })

  it("keeps the last 16 MB of bodies, and none above 16 kB", () => {
    const recorder = createRecorder()
    const close = (bytes: number): RecordedRequest => {
      const request = recorder.open(arrived("/", bytes))
      recorder.close(request, ANSWER)
      return request
    }
    const large = close(16 * 1024 + 1)
    const first = close(16 * 1024)
    const others = Array.from({ length: 1_024 }, () => close(16 * 1024))
    const kept = (request: RecordedRequest | undefined): number | undefined => request?.trace.body?.content?.byteLength
    expect([kept(large), kept(first), kept(others[0]), kept(others.at(-1))]).toEqual([
      undefined,
      undefined,
      16 * 1024,
      16 * 1024,
    ])
    expect(large.trace.body?.bytes).toBe(16 * 1024 + 1)
  })

  it("gives each watcher the changes since its last read", () => {
    const recorder = createRecorder()
    const one = recorder.open(arrived("/1"))
    const watcher = recorder.watch()
    expect(watcher.take()).toEqual({ requests: [one], first: 1, isCleared: true })
    const two = recorder.open(arrived("/2"))
    recorder.close(one, ANSWER)
    recorder.close(two, ANSWER)
    expect(watcher.take()).toEqual({ requests: [two, one], first: 1, isCleared: false })
    expect(watcher.take().requests).toEqual([])
    recorder.clear()
    const three = recorder.open(arrived("/3"))
    recorder.close(two, ANSWER)
    expect(watcher.take()).toEqual({ requests: [three], first: 3, isCleared: true })
  })
})
