import { describe, expect, it } from "vitest"
import { codeAtStart } from "../src/sizes.ts"

/** A text in the code of each algorithm, which minifying keeps. */
const MARKS = {
  "V11-HMAC-SHA256": /Credential=/,
  "the scoped form": /sdk_request/,
  auto: /iotda-app\\\.\(\[a-z\]\{2,\}/,
  "SDK-ECDSA-P256-SHA256": /from ?"@noble\/curves/,
  "SDK-SM2-SM3": /from ?"sm-crypto-v2/,
}
const EXTERNAL = ["@noble/curves/nist.js", "sm-crypto-v2"]
const FETCH = 'import { akskAuth, createFetch } from "@countersign/fetch";'

function marksIn(code: string): string[] {
  return Object.entries(MARKS).flatMap(([name, mark]) => (mark.test(code) ? [name] : []))
}

describe("a browser's program with AK/SK", () => {
  it("loads no code of an algorithm that it does not use", async () => {
    const code = `${FETCH} console.log(createFetch(akskAuth(globalThis.key)))`
    expect(marksIn(await codeAtStart({ code, external: EXTERNAL }))).toEqual([])
  })

  it.each(["V11-HMAC-SHA256", "auto"])(
    "loads the code of %s with the first request, not at the start",
    async (algorithm) => {
      const options = `{ algorithm: "${algorithm}", region: "cn-north-4", service: "iotdm" }`
      const code = `${FETCH} console.log(createFetch(akskAuth(globalThis.key, ${options})))`
      expect(marksIn(await codeAtStart({ code, external: EXTERNAL }))).toEqual([])
    },
  )

  it.each([
    ["p256", "SDK-ECDSA-P256-SHA256"],
    ["sm2", "SDK-SM2-SM3"],
  ])("gets by the entry %s that algorithm alone", async (entry, algorithm) => {
    const code = `import "@countersign/auth-core/${entry}"; ${FETCH} console.log(createFetch(akskAuth(globalThis.key)))`
    expect(marksIn(await codeAtStart({ code, external: EXTERNAL }))).toEqual([algorithm])
  })

  it("gets all that sign can do by sign itself, which cannot wait, but the two of the entries", async () => {
    const code = 'import { sign } from "@countersign/auth-core"; console.log(sign)'
    expect(marksIn(await codeAtStart({ code, external: EXTERNAL }))).toEqual([
      "V11-HMAC-SHA256",
      "the scoped form",
      "auto",
    ])
  })
})
