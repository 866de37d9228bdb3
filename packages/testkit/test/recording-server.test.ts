import { describe, expect, it } from "vitest"
import { recordingServer } from "../src/index.ts"

describe("recordingServer", () => {
  it("keeps the bytes and the target as they arrive", async () => {
    const server = await recordingServer()
    const body = Uint8Array.from([0, 255, 10, 13])
    const response = await fetch(`${server.url}/a%2Fb?q=%20`, { method: "PUT", body, headers: { "x-sample": "1" } })
    expect(await response.json()).toEqual({ ok: true })
    expect(server.arrivals).toMatchObject([
      {
        method: "PUT",
        target: "/a%2Fb?q=%20",
        headers: { host: server.host, "x-sample": "1" },
        body: Buffer.from(body),
      },
    ])
    await server.close()
  })

  it("answers as the test says, by the request and the number of earlier ones", async () => {
    const server = await recordingServer(({ target }, index) => ({ status: 200 + index, body: target }))
    const answers = []
    for (const path of ["/one", "/two"]) {
      const response = await fetch(server.url + path)
      answers.push([response.status, await response.text()])
    }
    expect(answers).toEqual([
      [200, "/one"],
      [201, "/two"],
    ])
    await server.close()
  })
})
