import * as authCore from "@countersign/auth-core"
import { runReadmeExample } from "@countersign/testkit"
import { expect, it } from "vitest"
import * as own from "../src/index.ts"

it("the program of the README is accepted once, and then refused with a reason", async () => {
  const logged = await runReadmeExample(new URL("../README.md", import.meta.url), {
    modules: { "@countersign/auth-core": authCore, "@countersign/emulator": own },
  })
  expect(logged).toEqual([
    200,
    "ok",
    expect.stringMatching(
      /^Incorrect IAM authentication information: verify aksk signature fail, canonicalRequest:GET\|\/v2\/orders\/customer-orders\/\|limit=1\|host:/,
    ),
  ])
})
