import { describe, expect, it } from "vitest"
import { programsOf } from "../src/readme-programs.ts"

const readme = `# Title

\`\`\`ts
import { withAuth } from "@countersign/ky"
const api = withAuth(ky, auth)
\`\`\`

More:

\`\`\`ts
const cache = new TokenCache()
\`\`\`

\`\`\`sh
npm install
\`\`\`

\`\`\`ts
import ky from "ky"
\`\`\`
`

describe("programsOf", () => {
  const [first, second] = programsOf("packages/ky/README.md", readme)

  it("gives each program at its own line, so that errors name the lines of the README", () => {
    expect(first?.line).toBe(4)
    expect(first?.code.split("\n").slice(3, 5)).toEqual(readme.split("\n").slice(3, 5))
    expect(second?.code).toBe(`${"\n".repeat(18)}import ky from "ky"\n`)
  })

  it("lets blocks without imports continue the program before them, with the exports of the package", () => {
    const lines = first?.withFragments.split("\n")
    expect(lines?.[0]).toBe(`import { TokenCache } from "@countersign/ky"`)
    expect(lines?.slice(9, 12)).toEqual(["{", "const cache = new TokenCache()", "}"])
  })

  it("refuses a README whose first block imports nothing, since nobody could run it", () => {
    expect(() => programsOf("README.md", "```ts\nwithAuth(ky, auth)\n```\n")).toThrow(/imports nothing/)
  })
})
