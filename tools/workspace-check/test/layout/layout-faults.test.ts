import { expect, it } from "vitest"
import { layoutFaults } from "../../src/layout/layout-faults.ts"
import { type LayoutRules, layoutRules } from "../../src/layout/layout-rules.ts"
import { sourceModule } from "../../src/layout/source-module.ts"

const long = "\n".repeat(20)
const strict: LayoutRules = { misnamed: {}, mostFiles: {}, short: {}, mostWhatComments: 0 }

function faultsOf(files: Record<string, string>, rules: Partial<LayoutRules> = {}): readonly string[] {
  const modules = Object.entries(files).map(([path, text]) => sourceModule(`packages/core/${path}`, text))
  return layoutFaults(modules, {}, { ...strict, ...rules })
}

it("a circle is a fault, in tests too", () => {
  const files = { "test/a.ts": `import "./b.ts"`, "test/b.ts": `import type { A } from "./a.ts"` }
  expect(faultsOf(files)).toEqual([
    "Import circle: packages/core/test/a.ts -> packages/core/test/b.ts -> packages/core/test/a.ts",
  ])
})

it("a name is a fault in src only, unless it is listed", () => {
  const text = "export const hash = 1"
  expect(faultsOf({ "src/utils.ts": text, "test/utils.ts": text })).toEqual([
    expect.stringMatching(/^packages\/core\/src\/utils\.ts is named neither/),
  ])
  expect(faultsOf({ "src/utils.ts": text }, { misnamed: { "packages/core/src/utils.ts": "a reason" } })).toEqual([])
})

it("an unused exception is a fault", () => {
  const listed = { "packages/core/src/hash.ts": "a reason" }
  expect(faultsOf({ "src/hash.ts": `export const hash = 1${long}//` }, { misnamed: listed })).toHaveLength(1)
  expect(
    faultsOf({ "src/hash.ts": `export const hash = 1${long}//` }, { short: { "packages/core/src": listed } }),
  ).toHaveLength(1)
  expect(faultsOf({}, { misnamed: listed })).toHaveLength(1)
})

it("one file more than the limit is a fault", () => {
  const files = { "src/a.ts": "", "src/room/b.ts": "" }
  expect(faultsOf(files, { mostFiles: { "packages/core/src": 2 } })).toEqual([])
  expect(faultsOf(files, { mostFiles: { "packages/core/src": 1 } })).toEqual([
    "packages/core/src has 2 files; 1 is the limit. Merge what belongs together, or raise the limit in layout-rules.ts and say why.",
  ])
})

it("a short file is a fault, unless it is listed", () => {
  const fifteen = "//\n".repeat(15)
  const sixteen = "//\n".repeat(16)
  expect(faultsOf({ "src/a.ts": fifteen, "src/b.ts": sixteen }, { short: { "packages/core/src": {} } })).toEqual([
    expect.stringMatching(/^packages\/core\/src\/a\.ts has 15 lines or fewer/),
  ])
  const listed = { "packages/core/src": { "packages/core/src/a.ts": "a reason" } }
  expect(faultsOf({ "src/a.ts": fifteen }, { short: listed })).toEqual([])
})

it.each(["// What it is", "/** What it is */", "/**\n * What it is\n */"])("the comment %j is a fault", (comment) => {
  expect(faultsOf({ "src/a.ts": comment })).toHaveLength(1)
  expect(faultsOf({ "src/a.ts": comment }, { mostWhatComments: 1 })).toEqual([])
})

it("a comment with What in another place is no fault", () => {
  expect(faultsOf({ "src/a.ts": "// Says what it is. What else?\n// Whatever" })).toEqual([])
})

it("the lists of exceptions are short, and each has its reason", () => {
  const short = Object.values(layoutRules.short)
  expect(Object.keys(layoutRules.misnamed).length).toBeLessThanOrEqual(10)
  for (const listed of short) expect(Object.keys(listed).length).toBeLessThanOrEqual(6)
  const reasons = [layoutRules.misnamed, ...short].flatMap((listed) => Object.values(listed))
  expect(reasons.filter((reason) => reason.length < 20)).toEqual([])
})
