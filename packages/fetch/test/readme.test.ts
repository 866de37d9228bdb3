import { startEmulator } from "@countersign/emulator"
import { runReadmeExample } from "@countersign/testkit"
import { afterEach, expect, it, vi } from "vitest"
import * as own from "../src/index.ts"

afterEach(() => {
  vi.unstubAllEnvs()
})

it("the program of the README gets through to a gateway that checks signatures", async () => {
  const emulator = await startEmulator()
  const { accessKeyId, secretAccessKey } = emulator.accounts.partner.user.credentials
  vi.stubEnv("HUAWEICLOUD_SDK_AK", accessKeyId)
  vi.stubEnv("HUAWEICLOUD_SDK_SK", secretAccessKey)
  const logged = await runReadmeExample(new URL("../README.md", import.meta.url), {
    modules: { "@countersign/fetch": own },
    replace: {
      "https://bss-intl.myhuaweicloud.com": emulator.url,
      "createFetch(akskAuth(envCredentials()))": `createFetch(akskAuth(envCredentials()), { hosts: ["${new URL(emulator.url).host}"] })`,
    },
  })
  expect(logged).toEqual([200, expect.objectContaining({ currency: "USD" })])
  await emulator.close()
})
