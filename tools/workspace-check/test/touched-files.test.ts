import { execFile } from "node:child_process"
import { join } from "node:path"
import { promisify } from "node:util"
import { beforeAll, describe, expect, it } from "vitest"

const program = join(import.meta.dirname, "../src/touched-files.ts")

/** By case: the most files of src that a reader who follows one request has to open. */
const LIMITS: Record<string, number> = {
  "fetch, AK/SK GET": 20,
  "axios, AK/SK GET": 25,
  "fetch, token 401 and its replay": 22,
  "axios, token 401 and its replay": 27,
}

describe("the files of a warm request", () => {
  let touched: Record<string, string[]>

  beforeAll(async () => {
    const env = { ...process.env, NODE_NO_WARNINGS: "1" }
    const { stdout } = await promisify(execFile)(process.execPath, [program], { env })
    touched = JSON.parse(stdout)
  })

  it.each(Object.entries(LIMITS))("%s: are %i at most", (name, limit) => {
    const files = touched[name] ?? []
    expect(files).toContain("auth-core/src/engine/authenticated-call")
    expect(files.length, files.join("\n")).toBeLessThanOrEqual(limit)
  })
})
