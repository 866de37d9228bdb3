import { createRequire } from "node:module"
import { credentials } from "./example-request.ts"

interface OfficialSigner {
  sign(request: object, credential: object): Record<string, string>
}

/** The key as the official SDK wants it. */
export const officialCredential = {
  getAk: () => credentials.accessKeyId,
  getSk: () => credentials.secretAccessKey,
}

/** The signer inside the official SDK: a class of its own, below the package's public face. */
export function officialSigner(): OfficialSigner {
  const require = createRequire(import.meta.url)
  const { AKSKSigner } = require("@huaweicloud/huaweicloud-sdk-core/auth/AKSKSigner") as { AKSKSigner: OfficialSigner }
  return AKSKSigner
}
