import { execFile } from "node:child_process"
import { createServer } from "node:http"
import type { AddressInfo } from "node:net"
import { fileURLToPath } from "node:url"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { markIn } from "./shown.ts"

/** How a request ends, by the path it is sent to. */
const ENDINGS = {
  "/500": "HTTP 500",
  "/401": "a 401",
  "/403": "a 403",
  "/loop": "too many redirects",
  "/silence": "a timeout",
  "/broken": "an answer that breaks off",
  "/refused": "a refused connection",
  "/200": "success, thrown by the program",
}

/** Source text that defines `auth`, whose secrets all begin alike, `base`, `path` and `timeout`. */
const GIVEN = `
const secrets = { authorization: "Bearer secret-1", "x-auth-token": "secret-2", "x-security-token": "secret-3" }
const auth = {
  bodyLimit: () => 1_000,
  authenticate: () => ({ headers: secrets, used: undefined }),
  judge: () => false,
}
const base = process.argv[1]
const path = process.argv[2]
const timeout = Number(process.argv[3])
const ended = (response) => { throw Object.assign(new Error("it came to an end"), { response }) }
`

/**
 * A program dies of the error of its request. Node prints that error with all it holds, and ignores its custom inspection.
 *
 * @param program source text that awaits a request to `base + path`, which lasts at most `timeout` milliseconds, and passes
 * its result to `ended`. It may use `auth`.
 * @param directory of the package, from where the program imports.
 * @param aliases names of packages, each with its replacement.
 */
export function describeUncaughtErrors(
  name: string,
  program: string,
  directory: URL,
  aliases: Record<string, string> = {},
): void {
  const arrived: unknown[] = []
  const server = createServer((request, response) => {
    arrived.push(request.headers["x-auth-token"])
    request.resume()
    const { pathname } = new URL(request.url ?? "", "http://any")
    if (pathname === "/loop") response.writeHead(302, { location: "/loop" }).end()
    else if (pathname === "/broken") {
      response.writeHead(200, { "content-length": "10" }).write("half")
      setTimeout(() => response.destroy(), 20)
    } else if (pathname !== "/silence") response.writeHead(Number(pathname.slice(1)), { "x-answer": "seen" }).end("{}")
  })
  beforeAll(() => new Promise<void>((resolve) => void server.listen(0, "127.0.0.1", resolve)))
  afterAll(() => {
    server.closeAllConnections()
    server.close()
  })

  describe(`${name}: an uncaught error shows no secret`, () => {
    it.each(Object.entries(ENDINGS))("%s: by %s", { timeout: 120_000 }, async (path) => {
      const base =
        path === "/refused" ? "http://127.0.0.1:1" : `http://127.0.0.1:${(server.address() as AddressInfo).port}`
      const end = (timeout: number) => died(`${GIVEN}\n${program}`, [base, path, String(timeout)], directory, aliases)
      arrived.length = 0
      let { code, output } = await end(path === "/silence" ? 1_000 : 30_000)
      // A busy machine may take all that time before it sends the request.
      if (path === "/silence" && arrived.length === 0) ({ code, output } = await end(20_000))
      expect(output).toContain("Error")
      expect(markIn(output, "secret-")).toBeUndefined()
      expect(code).toBe(1)
      if (path !== "/refused") expect(new Set(arrived)).toEqual(new Set(["secret-2"]))
    })
  })
}

function died(
  program: string,
  args: string[],
  directory: URL,
  aliases: Record<string, string>,
): Promise<{ code: unknown; output: string }> {
  const prelude = new URL(`from-sources.mjs?${new URLSearchParams(aliases)}`, import.meta.url).href
  const all = ["--import", prelude, "--input-type=module", "--eval", program, ...args]
  const options = { cwd: fileURLToPath(directory), maxBuffer: 2 ** 26 }
  return new Promise((resolve) => {
    execFile(process.env.COUNTERSIGN_NODE ?? process.execPath, all, options, (error, stdout, stderr) => {
      resolve({ code: error?.code ?? 0, output: `${stdout}${stderr}` })
    })
  })
}
