import { spawn } from "node:child_process"
import { once } from "node:events"
import { createServer } from "node:http"
import type { AddressInfo } from "node:net"
import type { Duplex } from "node:stream"
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest"
import { proxyChecks } from "../src/proxy-checks.ts"
import { countersign } from "./countersign.ts"

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

  const settings = ["HTTPS_PROXY", "HTTP_PROXY", "ALL_PROXY"].flatMap((variable) =>
    ["0", "1"].flatMap((flag) => Object.keys(PROGRAMS).map((client) => [variable, flag, client])),
  )
  it.each(settings)("is so with %s and NODE_USE_ENV_PROXY=%s for %s", async (variable = "", flag = "", client = "") => {
    const env = {
      [variable]: `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`,
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
  })

  it("is what to set for https where only another variable is set", () => {
    const checks = proxyChecks({ HTTP_PROXY: "http://proxy:3128" }, "v24.5.0")
    expect(checks).toMatchObject([
      { name: "HTTP_PROXY", verdict: "ok" },
      { name: "fetch, ky", fix: "Set HTTPS_PROXY. Set NODE_USE_ENV_PROXY=1 before the program starts." },
      { name: "got", verdict: "warning" },
      { name: "axios", text: "goes directly: for https it reads HTTPS_PROXY", fix: "Set HTTPS_PROXY." },
      { name: "undici", fix: "Set HTTPS_PROXY. Give it `new EnvHttpProxyAgent()` as dispatcher." },
      { name: "countersign", fix: "Set HTTPS_PROXY." },
    ])
    expect(proxyChecks({ NO_PROXY: "localhost" }, "v24.5.0")).toHaveLength(1)
  })

  it("tells releases of Node apart that ignore the variable", () => {
    const env = { HTTPS_PROXY: "http://proxy:3128", NODE_USE_ENV_PROXY: "1" }
    const verdicts = ["v22.12.0", "v22.21.0", "v24.4.1", "v24.5.0", "v26.0.0"].map(
      (version) => proxyChecks(env, version).find(({ name }) => name === "got")?.verdict,
    )
    expect(verdicts).toEqual(["warning", "ok", "warning", "ok", "ok"])
  })

  it.each([
    "proxy:3128",
    "http://",
    "ftp://proxy",
    "socks4://proxy:1080",
    "http://user:hunter2@pro xy:1",
    "user:hun/ter2@proxy",
  ])("is that %j is no URL of a proxy", (value) => {
    const checks = proxyChecks({ HTTPS_PROXY: value, http_proxy: "http://proxy:3128" }, process.version)
    expect(checks.map(({ name, verdict }) => [name, verdict])).toEqual([
      ["HTTPS_PROXY", "failed"],
      ["http_proxy", "ok"],
    ])
    expect(checks[0]?.fix).toBe("Write it as http://HOST:PORT, or unset it.")
    expect(JSON.stringify(checks)).not.toMatch(/hunter2|ter2/)
  })

  it("is that a variable in lower case wins", () => {
    const env = { HTTPS_PROXY: "nonsense", https_proxy: "http://proxy:3128" }
    expect(proxyChecks(env, process.version).every(({ verdict }) => verdict !== "failed")).toBe(true)
  })
})

describe("a proxy variable without a URL", () => {
  const HTTPS_PROXY = "http://user:hunter2@pro xy:1"
  const told = `HTTPS_PROXY is "http://[hidden]@pro xy:1", which is not the URL of a proxy. Write it as http://HOST:PORT, or unset it.`
  const key = { HUAWEICLOUD_SDK_AK: "AKEXAMPLE", HUAWEICLOUD_SDK_SK: "secret" }
  const token = { COUNTERSIGN_PASSWORD: "secret" }

  it.each<[string[], Record<string, string>]>([
    [["whoami"], key],
    [["whoami"], { COUNTERSIGN_TOKEN: "token" }],
    [["token", "--user", "u", "--domain", "d"], token],
    [["credentials", "--agency", "a", "--agency-domain", "d"], key],
    [["sign", "GET", "https://ecs.myhuaweicloud.com/", "--project-id", "auto", "--region", "cn-north-4"], key],
    [["curl", "https://ecs.myhuaweicloud.com/"], key],
  ])("is named by %j", async (args, env) => {
    const refused = await countersign(args, { env: { ...env, HTTPS_PROXY } })
    expect(refused).toEqual({ exitCode: 2, stdout: "", stderr: `countersign: ${told}\n` })
  })

  it("is named by doctor, which goes on", async () => {
    const { exitCode, stdout } = await countersign(["doctor", "--json"], { env: { ...key, HTTPS_PROXY } })
    expect(exitCode).toBe(2)
    const { checks } = JSON.parse(stdout) as { checks: { name: string; verdict: string; text: string }[] }
    expect(checks).toContainEqual(expect.objectContaining({ name: "HTTPS_PROXY", verdict: "failed" }))
    expect(checks).toContainEqual(expect.objectContaining({ text: `is not called: ${told}`, verdict: "failed" }))
    expect(stdout).not.toContain("hunter2")
  })

  it("does not stop what stays on this machine", async () => {
    const signed = await countersign(["sign", "GET", "https://ecs.myhuaweicloud.com/"], {
      env: { ...key, HTTPS_PROXY },
    })
    expect(signed).toMatchObject({ exitCode: 0, stderr: "" })
  })
})
