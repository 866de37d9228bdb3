import { randomBytes } from "node:crypto"
import type { Token, TokenProvider } from "@countersign/auth-core"

/** The size of each token. */
export const TOKEN_BYTES = 1_500

/** A provider of a customer's token, which has the usual size. */
export function customerToken(number: number): TokenProvider {
  const provider = async (): Promise<Token> => {
    const issuedAt = Date.now()
    // A separate flat string with one byte per character, as from a header.
    const value = randomBytes((TOKEN_BYTES * 3) / 4).toString("base64")
    return { value, issuedAt, expiresAt: issuedAt + 24 * 3_600_000 }
  }
  const identityKey = `token https://iam.ap-southeast-1.myhuaweicloud.com partner/agency customer-${number}`
  return Object.assign(provider, { identityKey })
}
