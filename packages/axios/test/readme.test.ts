import { startEmulator } from "@countersign/emulator"
import { runReadmeExample } from "@countersign/testkit"
import axios from "axios"
import { afterEach, expect, it, vi } from "vitest"
import * as own from "../src/index.ts"

afterEach(() => {
  vi.unstubAllEnvs()
})

it("the program of the README gets a token and an answer", async () => {
  const emulator = await startEmulator()
  vi.stubEnv("PARTNER_PASSWORD", emulator.accounts.partner.user.password)
  const logged = await runReadmeExample(new URL("../README.md", import.meta.url), {
    modules: { "@countersign/axios": own, axios: { default: axios } },
    replace: {
      "https://iam.ap-southeast-1.myhuaweicloud.com": emulator.url,
      "https://bss-intl.myhuaweicloud.com": emulator.url,
    },
  })
  expect(logged).toEqual([expect.objectContaining({ currency: "USD" })])
  await emulator.close()
})
