import { createRequire } from "node:module"
import { credentials } from "./example-request.ts"

interface OfficialSigner {
  sign(request: object, credential: object): Record<string, string>
}

/** The key in the form of the official SDK. */
export const officialCredential = {
  getAk: () => credentials.accessKeyId,
  getSk: () => credentials.secretAccessKey,
}

/** The signer inside the official SDK, a class that the package does not export. */
export function officialSigner(): OfficialSigner {
  const require = createRequire(import.meta.url)
  const { AKSKSigner } = require("@huaweicloud/huaweicloud-sdk-core/auth/AKSKSigner") as { AKSKSigner: OfficialSigner }
  return AKSKSigner
}
