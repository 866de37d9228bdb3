import { mkdir, rm, writeFile } from "node:fs/promises"
import { createRequire } from "node:module"
import { dirname, join } from "node:path"
import { hasRedis, hasSystemTool, type LocalRedis, localRedis } from "@countersign/testkit"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { type LocalCloud, startLocalCloud } from "../src/local-cloud.ts"
import { type ReadmeProgram, readmePrograms } from "../src/readme-programs.ts"
import { linkFrameworks, runProcess, runProgram } from "../src/run-program.ts"

// Inside this package, so that the programs resolve imports as in a user's project.
const folder = join(import.meta.dirname, "../.snippets")
const programs = readmePrograms()
const needsFrameworks = programs.some(({ run }) => run !== "node")

function fileOf({ readme, line, run, language }: ReadmeProgram): string {
  const isTest = run === "jest" || run === "vitest"
  return join(
    folder,
    readme.replace(".md", ""),
    `line-${line}${isTest ? ".test" : ""}${language === "js" ? ".cjs" : ".ts"}`,
  )
}
const fileWithFragments = (program: ReadmeProgram) => fileOf(program).replace(/(\.c?[jt]s)$/, "-and-fragments$1")

beforeAll(async () => {
  await rm(folder, { recursive: true, force: true })
  if (needsFrameworks) await linkFrameworks(join(folder, "docs"))
  for (const program of programs) {
    await mkdir(dirname(fileOf(program)), { recursive: true })
    await writeFile(fileOf(program), program.code)
    await writeFile(fileWithFragments(program), program.withFragments)
  }
}, 300_000)
afterAll(() => rm(folder, { recursive: true, force: true }))

describe("the TypeScript of the READMEs", () => {
  it("has the types that the packages publish", { timeout: 60_000 }, async () => {
    const compilerOptions = {
      strict: true,
      noEmit: true,
      skipLibCheck: true,
      module: "nodenext",
      target: "es2023",
      types: ["node"],
      experimentalDecorators: true,
    }
    const typed = programs.filter(({ language }) => language === "ts")
    const files = ["../given.d.ts", "../workers.d.ts", ...typed.map(fileWithFragments)]
    await writeFile(join(folder, "tsconfig.json"), JSON.stringify({ compilerOptions, files }))
    const typescript = join(dirname(createRequire(import.meta.url).resolve("typescript/package.json")), "bin/tsc")
    expect(await runProcess(process.execPath, [typescript, "-p", folder])).toEqual({ status: 0, output: "" })
  })

  describe.each(programs)("$readme:$line", ({ code, ...program }) => {
    const hosts = [...code.matchAll(/[\w.-]+\.myhuaweicloud\.com/g)].map(([host]) => host)
    const needsRedis = code.includes("REDIS_URL")
    let cloud: LocalCloud
    let redis: LocalRedis | undefined

    beforeAll(async () => {
      cloud = await startLocalCloud([...hosts, "iam.myhuaweicloud.com", "iam.ap-southeast-1.myhuaweicloud.com"], folder)
      if (needsRedis && hasRedis()) redis = await localRedis()
    })
    afterAll(async () => {
      await cloud.close()
      await redis?.stop()
    })

    it("runs, and the gateway accepts what it sends", { timeout: 120_000 }, async ({ skip }) => {
      skip(needsRedis && redis === undefined, "there is no redis-server")
      skip(program.run === "page" && !hasSystemTool("chromium"), "there is no chromium")
      const { partner, customers } = cloud.emulator.accounts
      const [{ user }] = customers
      const env = {
        ...cloud.env,
        // A program that shows how to use a proxy must not depend on Node's own support. msw and nock do not answer what
        // Node sends to a proxy.
        ...(/HTTPS_PROXY|EnvHttpProxyAgent|"msw"|"nock"/.test(code) && program.readme !== "docs/start.md"
          ? { NODE_USE_ENV_PROXY: "" }
          : {}),
        HUAWEICLOUD_SDK_AK: user.credentials.accessKeyId,
        HUAWEICLOUD_SDK_SK: user.credentials.secretAccessKey,
        APP_SECRET: "secret-of-my-app",
        PARTNER_PASSWORD: partner.user.password,
        CACHE_KEY: Buffer.alloc(32, 1).toString("base64"),
        OLD_CACHE_KEY: Buffer.alloc(32, 2).toString("base64"),
        ...(redis && { REDIS_URL: redis.url }),
      }
      const { status, output } = await runProgram(program, { file: fileOf({ ...program, code }), cloud, env })
      const answers = cloud.emulator.stats.requests.map(({ verdict, status }) => `${verdict}, ${status}`)
      expect(status, output).toBe(0)
      expect(output).toMatch(/\w/)
      // A program without a host of Huawei Cloud starts its own emulator, or sends nothing.
      expect(new Set(answers)).toEqual(new Set(hosts.length > 0 ? ["ok, 200"] : []))
    })
  })
})
