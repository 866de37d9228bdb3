import { defaultCredentials } from "@countersign/auth-core"
import { expect, it, vi } from "vitest"
import { askChain, credentialChain } from "../src/find-credentials.ts"

it("asks the sources of the default chain, in its order", async () => {
  vi.stubEnv("HUAWEICLOUD_SDK_CREDENTIALS_FILE", "/nowhere/credentials")
  const noVariables = ["HUAWEICLOUD_SDK_AK", "HUAWEICLOUD_SDK_SK", "HC_CONTAINER_CREDENTIALS_FULL_URI"]
  for (const name of noVariables) vi.stubEnv(name, undefined)
  const { results } = await askChain(credentialChain({}, {}))
  const reasons = results.map(({ reason }, index) => `${index + 1}. ${reason}`)
  await expect(defaultCredentials()()).rejects.toThrow(`No source has an access key:\n${reasons.join("\n")}`)
  vi.unstubAllEnvs()
})
