import { execFile } from "node:child_process"
import { readFile } from "node:fs/promises"
import { fileURLToPath } from "node:url"
import { promisify } from "node:util"
import { hasRedis, type LocalRedis, localRedis } from "@countersign/testkit"
import { afterAll, beforeAll, describe, expect, it } from "vitest"

const run = promisify(execFile)

describe.skipIf(!hasRedis())("the examples", () => {
  let redis: LocalRedis
  beforeAll(async () => {
    redis = await localRedis()
  })
  afterAll(() => redis.stop())

  it.each([
    ["cluster-workers", "4 workers made 100 requests with 1 IAM call"],
    ["serverless", "5 cold starts made 15 requests with 1 IAM call"],
  ])("%s: one token for all", async (name, line) => {
    const program = fileURLToPath(new URL(`../../../examples/${name}/src/main.ts`, import.meta.url))
    const { stdout } = await run(process.execPath, [program], { env: { ...process.env, REDIS_URL: redis.url } })
    expect(stdout.trim().split("\n").at(-1)).toBe(line)
    expect(await readFile(new URL("../README.md", `file://${program}`), "utf8")).toContain(`\n${line}\n`)
  })
})
