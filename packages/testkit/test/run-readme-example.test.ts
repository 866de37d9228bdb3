import { mkdtemp, rm, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { pathToFileURL } from "node:url"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { runReadmeExample } from "../src/index.ts"

const README = `# A package

\`\`\`ts
import greet from "greetings"
import { farewell } from "others"

console.log(await greet("https://example.com"), 1)
console.log(farewell)
\`\`\`

\`\`\`ts
throw new Error("only the first block is run")
\`\`\`
`

describe("runReadmeExample", () => {
  let folder: string
  let readme: URL
  const modules = {
    greetings: { default: async (name: string) => `Hello ${name}` },
    others: { farewell: "Bye" },
  }

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "readme-"))
    readme = pathToFileURL(join(folder, "README.md"))
    await writeFile(readme, README)
  })
  afterAll(() => rm(folder, { recursive: true }))

  it("returns the log of the first block, with the given modules and texts", async () => {
    const logged = await runReadmeExample(readme, { modules, replace: { "https://example.com": "http://127.0.0.1" } })
    expect(logged).toEqual(["Hello http://127.0.0.1", 1, "Bye"])
  })

  it("fails when a text to replace is missing, so that nothing real is called", async () => {
    const running = runReadmeExample(readme, { modules, replace: { "https://elsewhere.example": "" } })
    await expect(running).rejects.toThrow("https://elsewhere.example")
  })

  it("fails without a block", async () => {
    const empty = pathToFileURL(join(folder, "EMPTY.md"))
    await writeFile(empty, "# Nothing\n")
    await expect(runReadmeExample(empty, { modules })).rejects.toThrow("has no ```ts block")
  })
})
