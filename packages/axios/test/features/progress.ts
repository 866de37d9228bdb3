import { Readable } from "node:stream"
import type { AxiosProgressEvent, AxiosRequestConfig } from "axios"
import { expect } from "vitest"
import { on, section } from "./axios-feature.ts"

const capturing = section("progress-capturing")
const rates = section("rate-limiting")

/** The last event in each direction, with the sum over all events. */
function watching(): {
  config: Required<Pick<AxiosRequestConfig, "onUploadProgress" | "onDownloadProgress">>
  told(): Promise<unknown>
} {
  const last: Record<string, object> = {}
  let bytes = { up: 0, down: 0 }
  const note =
    (way: "up" | "down") =>
    (event: AxiosProgressEvent): void => {
      const { loaded, total, progress, upload, download, lengthComputable } = event
      bytes = { ...bytes, [way]: bytes[way] + event.bytes }
      last[way] = { loaded, total, progress, upload, download, lengthComputable, sum: bytes[way] }
    }
  return {
    config: { onUploadProgress: note("up"), onDownloadProgress: note("down") },
    async told() {
      // The last event comes after a tick.
      await new Promise((resolve) => setTimeout(resolve, 20))
      return last
    },
  }
}

const chunks = (): Readable => Readable.from([Buffer.alloc(20_000), Buffer.alloc(10_000)], { objectMode: false })

const bodies: Record<string, () => unknown> = {
  text: () => "x".repeat(30_000),
  bytes: () => Buffer.alloc(30_000),
  "an object": () => ({ text: "x".repeat(29_989) }),
}

export const progress = [
  ...Object.entries(bodies).map(([name, body]) =>
    capturing(
      `onUploadProgress and onDownloadProgress tell of ${name}`,
      async (api) => {
        const { config, told } = watching()
        await api.post("/x", body(), config)
        return told()
      },
      {
        answer: () => ({ headers: { "content-length": "30000" }, body: "y".repeat(30_000) }),
        gives: {
          up: expect.objectContaining({ loaded: 30_000, total: 30_000 }),
          down: expect.objectContaining({ loaded: 30_000, total: 30_000 }),
        },
      },
    ),
  ),
  capturing(
    "onUploadProgress tells of a stream whose length is given",
    async (api) => {
      const { config, told } = watching()
      await api.post("/x", chunks(), { ...config, headers: { "Content-Length": "30000" }, maxRedirects: 0 })
      return told()
    },
    { releases: on.http, gives: expect.objectContaining({ up: expect.objectContaining({ loaded: 30_000 }) }) },
  ),
  capturing(
    "onDownloadProgress tells of a stream whose length is not known",
    async (api, { listen }) => {
      api.defaults.baseURL = await listen((_, response) => {
        response.write("y".repeat(10_000))
        setTimeout(() => response.end("z"), 10)
      })
      const { config, told } = watching()
      const { data } = await api.get("/x", { onDownloadProgress: config.onDownloadProgress, responseType: "stream" })
      let length = 0
      for await (const chunk of data) length += chunk.length
      return [length, await told()]
    },
    { gives: [10_001, { down: expect.objectContaining({ total: undefined }) }] },
  ),
  rates(
    "maxRate slows uploads and downloads",
    async (api) => {
      const begun = performance.now()
      const up = api.post("/up", Buffer.alloc(60_000), { maxRate: [100_000, 1_000_000] })
      const down = api.get("/down", { maxRate: [1_000_000, 100_000] })
      await Promise.all([up, down])
      return performance.now() - begun > 300
    },
    { releases: on.http, answer: () => ({ body: "y".repeat(60_000) }), gives: true },
  ),
]
