import { expect, it } from "vitest"
import { importCircles } from "../../src/layout/import-circles.ts"
import { sourceModule } from "../../src/layout/source-module.ts"

function circlesOf(files: Record<string, string>): string[][] {
  const modules = Object.entries(files).map(([path, text]) => sourceModule(path, text))
  return importCircles(modules, {
    "@scope/other": ["other/src/index.ts"],
    "#digest": ["src/node.ts", "src/portable.ts"],
  })
}

it.each([
  ["an import", `import { b } from "./b.ts"`],
  ["a side effect", `import "./b.ts"`],
  ["an import of a type", `import type { B } from "./b.ts"`],
  ["an import of a type among values", `import { type B } from "./b.ts"`],
  ["a re-export", `export { b } from "./b.ts"`],
  ["a re-export of all", `export * from "./b.ts"`],
  ["a re-export of a type", `export type { B } from "./b.ts"`],
  ["a dynamic import", `export const load = () => import("./b.ts")`],
  ["an import in a type", `export type B = import("./b.ts").B`],
  ["a typeof import", `export type B = typeof import("./b.ts")`],
])("%s closes a circle", (_, text) => {
  expect(circlesOf({ "src/a.ts": text, "src/b.ts": `import { a } from "./a.ts"` })).toEqual([["src/a.ts", "src/b.ts"]])
})

it("a circle of three is found from any start", () => {
  const files = {
    "src/index.ts": `export { a } from "./room/a.ts"`,
    "src/room/a.ts": `import type { B } from "../b.ts"`,
    "src/b.ts": `export const c = () => import("./room/c.ts")`,
    "src/room/c.ts": `export { a } from "./a.ts"`,
  }
  expect(circlesOf(files)).toEqual([["src/room/a.ts", "src/b.ts", "src/room/c.ts"]])
})

it("a file that imports itself is a circle", () => {
  expect(circlesOf({ "src/a.ts": `import { a } from "./a.ts"` })).toEqual([["src/a.ts"]])
})

it("two circles through one file are both found", () => {
  const files = {
    "src/a.ts": `import "./b.ts"\nimport "./c.ts"`,
    "src/b.ts": `import "./a.ts"`,
    "src/c.ts": `import "./a.ts"`,
  }
  expect(circlesOf(files)).toEqual([
    ["src/a.ts", "src/b.ts"],
    ["src/a.ts", "src/c.ts"],
  ])
})

it("a package's name, and a name of its own imports, resolve to the sources", () => {
  const files = {
    "src/a.ts": `import "@scope/other"`,
    "other/src/index.ts": `import "../../src/a.ts"`,
    "src/digest.ts": `import "#digest"`,
    "src/node.ts": "",
    "src/portable.ts": `import "./digest.ts"`,
  }
  expect(circlesOf(files)).toEqual([
    ["src/a.ts", "other/src/index.ts"],
    ["src/digest.ts", "src/portable.ts"],
  ])
})

it("two ways to one file, a string and a comment are no circle", () => {
  const files = {
    "src/a.ts": `import "./b.ts"\nimport "./c.ts"`,
    "src/b.ts": `import "./c.ts"`,
    "src/c.ts": `// import "./a.ts"\nexport const text = 'import "./a.ts"'`,
  }
  expect(circlesOf(files)).toEqual([])
})
