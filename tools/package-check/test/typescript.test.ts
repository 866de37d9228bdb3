import { readFile, writeFile } from "node:fs/promises"
import { join } from "node:path"
import { workspace } from "@countersign/tools-shared/published-packages"
import { describe, expect, inject, it } from "vitest"
import { type Consumer, consumersIn } from "../src/consumers.ts"
import {
  COMPILERS,
  type Compiler,
  compile,
  denoCheck,
  PLATFORMS,
  type Platform,
  typesOf,
} from "../src/install-together.ts"
import { inCommonJs, inDeno, inTypeScript56, lineOf, withoutDom } from "../src/left-out.ts"

const folder = inject("together")
const consumers = [...consumersIn(""), ...consumersIn("clients")]
const moduleOf = ({ name }: Consumer) => `modules/${name}.mts`

describe.each(Object.keys(COMPILERS) as Compiler[])("with TypeScript %s", (compiler) => {
  const es = COMPILERS[compiler]
  const lacking = (compiler === "5.6" ? inTypeScript56 : []).map(({ client }) => client)
  const platforms = PLATFORMS.filter((platform) => platform !== "bun" || !lacking.includes("bun-types"))
  const compiled = (platform: Platform, lib: string[], files: string[]) =>
    compile(folder, {
      compiler,
      name: `${platform}-${lib.length}`,
      options: { module: "nodenext", noEmit: true, exactOptionalPropertyTypes: true, lib, ...typesOf(platform) },
      files,
    })

  it.each(platforms)(
    "and the types of %s, a program for each client compiles without the DOM library",
    async (platform) => {
      const leftOut = [...lacking, ...withoutDom.map(({ client }) => client)].filter((client) => client !== "bun-types")
      const programs = consumers.filter(({ clients }) => !clients.some((client) => leftOut.includes(client)))
      // These fail without Countersign too.
      const bare = `modules/bare-${compiler}.mts`
      await writeFile(join(folder, bare), `${leftOut.map((client) => `import type {} from "${client}"`).join("\n")}\n`)
      const output = await compiled(platform, [es], [...programs.map(moduleOf), bare])
      expect(faultyIn(output), output).toEqual(leftOut.toSorted())
    },
  )

  it.each(platforms)("and the types of %s, programs that need the DOM library compile with it", async (platform) => {
    const names = ["fetch", ...withoutDom.map(({ client }) => client)]
    const programs = consumers.filter(({ name, clients }) => [name, ...clients].some((one) => names.includes(one)))
    expect(programs).toHaveLength(names.length)
    expect(await compiled(platform, [es, "dom", "dom.iterable"], programs.map(moduleOf))).toBe("")
  })

  it.runIf(lacking.includes("bun-types"))("the types of Bun do not compile on their own", async () => {
    await writeFile(join(folder, "modules/nothing.mts"), "export {}\n")
    expect(faultyIn(await compiled("bun", [es], ["modules/nothing.mts"]))).toEqual(["bun-types"])
  })
})

it("Deno checks a program for each client", async () => {
  const lacking = inDeno.map(({ client }) => client)
  const checked = consumers.filter(({ clients }) => !clients.some((client) => lacking.includes(client)))
  await denoCheck(folder, checked.map(moduleOf))
})

it("docs/typescript.md lists the untested combinations", async () => {
  const page = await readFile(join(workspace, "docs/typescript.md"), "utf8")
  const listed = page.split("\n").filter((line) => /^\| (?!client |-)/.test(line))
  expect(listed.filter((line) => line.split("|").length === 5)).toEqual(
    [...withoutDom, ...inTypeScript56, ...inDeno, ...inCommonJs].map(lineOf),
  )
})

/** The packages, else the files, with compiler errors. */
function faultyIn(output: string): string[] {
  const files = [...output.matchAll(/^(\S+)\(\d+,\d+\): error /gm)].map(([, file = ""]) => file)
  const names = files.map((file) => /node_modules\/((?:@[^/]+\/)?[^/]+)\/(?!.*node_modules)/.exec(file)?.[1] ?? file)
  return [...new Set(names)].sort()
}
