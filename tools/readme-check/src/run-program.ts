import { spawn } from "node:child_process"
import { mkdir, readFile, symlink, writeFile } from "node:fs/promises"
import { request } from "node:http"
import { dirname, join } from "node:path"
import { pathToFileURL } from "node:url"
import { sign } from "@countersign/auth-core"
import { freePort } from "@countersign/testkit"
import { bunRuntime, denoRuntime, runtimePackages } from "@countersign/tools-shared/runtimes"
import { transform } from "esbuild"
import { chromium } from "playwright-core"
import { rolldown } from "rolldown"
import type { LocalCloud } from "./local-cloud.ts"
import type { ReadmeProgram, Run } from "./readme-programs.ts"

/** Frameworks whose programs the pages show, and which nothing else in the workspace needs. */
const FRAMEWORKS = {
  "@hey-api/client-fetch": "^0.13.0",
  "@nestjs/common": "^12.0.0",
  "@nestjs/core": "^12.0.0",
  "@nestjs/platform-express": "^12.0.0",
  jest: "^30.5.0",
  miniflare: "^4.20260730.0",
  "reflect-metadata": "^0.2.0",
  rxjs: "^7.8.0",
}

/** The `node_modules` of the frameworks, downloaded once for the machine. */
function frameworks(): Promise<string> {
  return runtimePackages("frameworks", FRAMEWORKS)
}

/** Lets the programs below a folder import the frameworks, beside all that the workspace has. */
export async function linkFrameworks(folder: string): Promise<void> {
  const installed = await frameworks()
  for (const name of Object.keys(FRAMEWORKS)) {
    const link = join(folder, "node_modules", name)
    await mkdir(dirname(link), { recursive: true })
    await symlink(join(installed, name), link, "junction")
  }
}

export interface Outcome {
  readonly status: number | null
  readonly output: string
}

interface Start {
  readonly file: string
  readonly cloud: LocalCloud
  readonly env: Readonly<Record<string, string>>
}

const START: Readonly<Record<Run, (start: Start) => Promise<Outcome>>> = {
  node: ({ file, env }) => runProcess(process.execPath, [file], env),
  commonjs: ({ file, env }) => runProcess(process.execPath, [file], env),
  deno: async ({ file, env }) =>
    runProcess(await denoRuntime(), ["run", "--allow-all", "--no-check", file], {
      ...env,
      DENO_CERT: env.NODE_EXTRA_CA_CERTS ?? "",
      DENO_NO_UPDATE_CHECK: "1",
    }),
  bun: async ({ file, env }) => runProcess(await bunRuntime(), [file], env),
  server: ({ file, env }) => askServer(file, env, balances),
  service: ({ file, env }) => askServer(file, env, signedOrder),
  decorators: async ({ file, env }) => {
    const { code } = await transform(await readFile(file, "utf8"), {
      loader: "ts",
      tsconfigRaw: { compilerOptions: { experimentalDecorators: true } },
    })
    const output = file.replace(/\.ts$/, ".mjs")
    await writeFile(output, code)
    return askServer(output, env, balances)
  },
  route: async ({ file, env }) => {
    const caller = `${file}.caller.mjs`
    const code = `import { GET } from ${JSON.stringify(pathToFileURL(file).href)}
const response = await GET()
console.log(await response.text())
process.exit(response.ok ? 0 : 1)
`
    await writeFile(caller, code)
    return runProcess(process.execPath, [caller], env)
  },
  jest: async ({ file, env }) => {
    const jest = join(await frameworks(), "jest/bin/jest.js")
    const config = JSON.stringify({ rootDir: dirname(file), testMatch: ["**/*.cjs"], transform: {}, watchman: false })
    return runProcess(process.execPath, [jest, "--config", config, "--runTestsByPath", file], env)
  },
  vitest: async ({ file, env }) => {
    const vitest = join(import.meta.dirname, "../../../node_modules/vitest/vitest.mjs")
    // Else it would find the configuration of this package.
    const config = join(dirname(file), "vitest.config.mjs")
    await writeFile(config, "export default {}\n")
    return runProcess(process.execPath, [vitest, "run", "--config", config, "--root", dirname(file), file], env)
  },
  worker: runWorker,
  page: runPage,
}

/** Runs a program to its end, as its fence says. */
export function runProgram({ run }: Pick<ReadmeProgram, "run">, start: Start): Promise<Outcome> {
  return START[run](start)
}

/** Runs a process with these variables and without the machine's own. */
export function runProcess(
  program: string,
  words: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<Outcome> {
  return new Promise((resolve) => {
    const child = spawn(program, words, { env: { PATH: process.env.PATH, ...env }, timeout: 60_000 })
    let output = ""
    for (const stream of [child.stdout, child.stderr]) stream.on("data", (text) => (output += text))
    child.on("close", (status) => resolve({ status, output }))
  })
}

const balances = (origin: string): Request => new Request(`${origin}/balances`)

function signedOrder(origin: string): Request {
  const order = { method: "POST", url: `${origin}/orders`, body: '{"size":3}' }
  const headers = sign(order, { accessKeyId: "AK-OF-ALICE", secretAccessKey: "sk-of-alice" })
  return new Request(order.url, { ...order, headers: { ...headers, "content-type": "application/json" } })
}

/** Starts a server at a free port, sends it a request, and ends it. */
async function askServer(
  file: string,
  env: Readonly<Record<string, string>>,
  requestTo: (origin: string) => Request,
): Promise<Outcome> {
  const port = await freePort()
  const child = spawn(process.execPath, [file], { env: { PATH: process.env.PATH, ...env, PORT: String(port) } })
  let output = ""
  for (const stream of [child.stdout, child.stderr]) stream.on("data", (text) => (output += text))
  const ended = new Promise<void>((resolve) => child.on("close", () => resolve()))
  try {
    const response = await answerOf(requestTo(`http://127.0.0.1:${port}`), () => child.exitCode !== null)
    return { status: response?.ok ? 0 : 1, output: `${output}${await response?.text()}` }
  } finally {
    child.kill()
    await ended
  }
}

async function answerOf(request: Request, hasEnded: () => boolean): Promise<Response | undefined> {
  for (let tries = 0; tries < 300 && !hasEnded(); tries++) {
    const response = await fetch(request.clone()).catch(() => undefined)
    if (response !== undefined) return response
    await new Promise((resolve) => setTimeout(resolve, 100))
  }
  return undefined
}

interface Worker {
  dispatchFetch(url: string): Promise<Response>
  dispose(): Promise<void>
}

/** Takes the calls of a worker or page to Huawei Cloud to the emulator, with the same Host. */
function toEmulator({ emulator }: LocalCloud, url: string, init: RequestInit): Promise<Response> {
  const { pathname, search, host } = new URL(url)
  const headers = { ...Object.fromEntries(new Headers(init.headers)), host }
  return new Promise((resolve, reject) => {
    const call = request(emulator.url + pathname + search, { method: init.method ?? "GET", headers })
    call.on("error", reject).on("response", (answer) => {
      const chunks: Buffer[] = []
      answer.on("data", (chunk) => chunks.push(chunk))
      answer.on("end", () => {
        const { statusCode: status = 500, headers: answered } = answer
        resolve(new Response(Buffer.concat(chunks), { status, headers: answered as Record<string, string> }))
      })
    })
    call.end(init.body)
  })
}

async function runWorker({ file, cloud, env }: Start): Promise<Outcome> {
  await using bundle = await rolldown({
    input: file,
    platform: "browser",
    resolve: { conditionNames: ["workerd", "worker", "import"] },
    external: /^(?:node|cloudflare):/,
  })
  const { output } = await bundle.generate({ format: "esm", codeSplitting: false })
  const entry = pathToFileURL(join(await frameworks(), "miniflare/dist/src/index.js")).href
  const { Miniflare } = (await import(entry)) as { Miniflare: new (options: object) => Worker }
  const worker = new Miniflare({
    modules: [{ type: "ESModule", path: "worker.mjs", contents: output[0].code }],
    compatibilityDate: "2026-06-01",
    compatibilityFlags: ["nodejs_compat"],
    bindings: env,
    outboundService: async (sent: Request) =>
      toEmulator(cloud, sent.url, {
        method: sent.method,
        headers: Object.fromEntries(sent.headers),
        body: sent.body === null ? null : Buffer.from(await sent.arrayBuffer()),
      }),
  })
  try {
    const response = await worker.dispatchFetch("http://worker/")
    return { status: response.ok ? 0 : 1, output: await response.text() }
  } finally {
    await worker.dispose()
  }
}

async function runPage({ file, cloud }: Start): Promise<Outcome> {
  await using bundle = await rolldown({ input: file, platform: "browser" })
  const { output } = await bundle.generate({ format: "esm", codeSplitting: false })
  const { partner } = cloud.emulator.accounts
  const browser = await chromium.launch({
    executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
    args: ["--no-sandbox"],
  })
  try {
    const page = await browser.newPage()
    let printed = ""
    const said = new Promise<number>((resolve) => {
      page.on("console", async (message) => {
        printed += `${(await Promise.all(message.args().map((each) => each.jsonValue()))).map((each) => JSON.stringify(each)).join(" ")}\n`
        resolve(message.type() === "error" ? 1 : 0)
      })
      page.on("pageerror", (error) => {
        printed += error.message
        resolve(1)
      })
    })
    await page.route("https://shop.example/**", async (route) => {
      if (route.request().url().endsWith("/token")) {
        const token = await issueToken(cloud, partner)
        return route.fulfill({ json: token })
      }
      return route.fulfill({ contentType: "text/html", body: `<script type="module">${output[0].code}</script>` })
    })
    await page.route("https://*.myhuaweicloud.com/**", async (route) => {
      const sent = route.request()
      const cors = { "access-control-allow-origin": "*", "access-control-allow-headers": "*" }
      if (sent.method() === "OPTIONS") return route.fulfill({ status: 204, headers: cors })
      const answer = await toEmulator(cloud, sent.url(), {
        method: sent.method(),
        headers: await sent.allHeaders(),
      })
      return route.fulfill({ status: answer.status, headers: cors, body: await answer.text() })
    })
    await page.goto("https://shop.example/")
    const status = await said
    return { status, output: printed }
  } finally {
    await browser.close()
  }
}

/** The part of the reader's own server: gives the page a token. */
async function issueToken(
  { emulator }: LocalCloud,
  partner: LocalCloud["emulator"]["accounts"]["partner"],
): Promise<object> {
  const identity = {
    methods: ["password"],
    password: {
      user: { name: partner.user.name, password: partner.user.password, domain: { name: partner.domain.name } },
    },
  }
  const response = await fetch(`${emulator.url}/v3/auth/tokens`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ auth: { identity, scope: { domain: { name: partner.domain.name } } } }),
  })
  const { token } = (await response.json()) as { token: { issued_at: string; expires_at: string } }
  return {
    value: response.headers.get("x-subject-token"),
    issuedAt: Date.parse(token.issued_at),
    expiresAt: Date.parse(token.expires_at),
  }
}
