import { spawn } from "node:child_process"
import { once } from "node:events"
import { createServer } from "node:http"
import type { AddressInfo } from "node:net"
import type { Duplex } from "node:stream"
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest"
import { proxyChecks } from "../src/proxy-checks.ts"

const URL_BEHIND = "https://api.example.com/"

/** A request of each client, as programs make it. */
const PROGRAMS: Readonly<Record<string, string>> = {
  "fetch, ky": `await fetch("${URL_BEHIND}")`,
  got: `const { default: got } = await import("got"); await got("${URL_BEHIND}", { retry: { limit: 0 } })`,
  axios: `const { default: axios } = await import("axios"); await axios.get("${URL_BEHIND}")`,
  undici: `const { request } = await import("undici"); await request("${URL_BEHIND}")`,
}

describe("what the doctor says of proxies", () => {
  let seen: string[] = []
  const proxy = createServer().on("connect", ({ url = "" }, socket: Duplex) => {
    seen.push(url)
    socket.end("HTTP/1.1 502 Bad Gateway\r\n\r\n")
  })
  beforeAll(() => new Promise<void>((resolve) => proxy.listen(0, "127.0.0.1", resolve)))
  afterAll(() => void proxy.close())
  beforeEach(() => {
    seen = []
  })

  it.each(["0", "1"].flatMap((flag) => Object.keys(PROGRAMS).map((client) => [flag, client])))(
    "is so with NODE_USE_ENV_PROXY=%s for %s",
    async (flag = "", client = "") => {
      const env = {
        HTTPS_PROXY: `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`,
        NODE_USE_ENV_PROXY: flag,
      }
      const program = spawn(process.execPath, ["--input-type=module", "--eval", PROGRAMS[client] ?? ""], {
        cwd: import.meta.dirname,
        env: { PATH: process.env.PATH, ...env },
        stdio: "ignore",
      })
      await once(program, "close")
      const check = proxyChecks(env, process.version).find(({ name }) => name === client)
      expect([check?.verdict, seen]).toEqual(seen.length > 0 ? ["ok", ["api.example.com:443"]] : ["warning", []])
    },
  )

  it("tells releases of Node apart that ignore the variable", () => {
    const env = { HTTPS_PROXY: "http://proxy:3128", NODE_USE_ENV_PROXY: "1" }
    const verdicts = ["v22.12.0", "v22.21.0", "v24.4.1", "v24.5.0", "v26.0.0"].map(
      (version) => proxyChecks(env, version).find(({ name }) => name === "got")?.verdict,
    )
    expect(verdicts).toEqual(["warning", "ok", "warning", "ok", "ok"])
  })
})
