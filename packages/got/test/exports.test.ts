import * as core from "@countersign/auth-core"
import { expect, it } from "vitest"
import * as own from "../src/index.ts"

it("exports the core, and no more than this", () => {
  const added = Object.keys(own).filter((name) => !(name in core))
  expect(added.sort()).toEqual(["authHooks", "iamFetch", "withAuth"])
  expect(Object.keys(own)).toEqual(expect.arrayContaining(Object.keys(core)))
})
