import { execFile } from "node:child_process"
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { dirname, join } from "node:path"
import { afterAll, beforeAll, expect, it } from "vitest"

const program = join(import.meta.dirname, "../src/check-layout.ts")
let folder: string

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "check-layout-"))
})
afterAll(() => rm(folder, { recursive: true, force: true }))

function check(workspace: string): Promise<{ code: unknown; stderr: string }> {
  return new Promise((resolve) => {
    execFile(process.execPath, [program, workspace], (error, _, stderr) => resolve({ code: error?.code ?? 0, stderr }))
  })
}

it.each(["packages", "tools", "examples"])("a circle in %s fails the lint", async (room) => {
  const workspace = join(folder, room)
  const file = async (path: string, text: string): Promise<void> => {
    await mkdir(dirname(join(workspace, path)), { recursive: true })
    await writeFile(join(workspace, path), text)
  }
  await file(`${room}/one/src/a.ts`, `import type { B } from "./b.ts"\nexport interface A { b: B }\n`)
  await file(`${room}/one/src/b.ts`, `export const b = () => import("./a.ts")\n`)
  const { code, stderr } = await check(workspace)
  expect(stderr).toContain(`${room}/one/src/a.ts -> ${room}/one/src/b.ts -> ${room}/one/src/a.ts`)
  expect(code).toBe(1)
})
