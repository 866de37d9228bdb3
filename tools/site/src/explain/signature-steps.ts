import { canonicalRequest, sign } from "@countersign/auth-core"
import { hashHex } from "../../../../packages/auth-core/src/digest/portable.ts"
import { type RequestFields, requestOfFields } from "./request-fields.ts"

/** The texts from which a signature is made, in their order. */
export interface SignatureSteps {
  readonly canonicalRequest: string
  /** Lower-case hex. */
  readonly canonicalRequestHash: string
  readonly stringToSign: string
  /** `undefined` without an access key. */
  readonly signed: { readonly signature: string; readonly headers: Readonly<Record<string, string>> } | undefined
}

export interface AccessKey {
  accessKeyId: string
  secretAccessKey: string
}

/**
 * Signs with SDK-HMAC-SHA256.
 *
 * @param sdkDate as X-Sdk-Date has it, such as `20261129T100000Z`
 * @returns `undefined` without a URL
 * @throws {AuthError} as `sign`
 */
export function signatureSteps(fields: RequestFields, key: AccessKey, sdkDate: string): SignatureSteps | undefined {
  const { method, url, headers, body } =
    requestOfFields({ ...fields, headers: `${fields.headers}\nX-Sdk-Date: ${sdkDate}` }) ?? {}
  if (method === undefined || url === undefined) return undefined
  const request = { method, url, headers, body }
  const text = canonicalRequest(request)
  const hash = hashHex("sha256", text)
  const isKeyGiven = key.accessKeyId !== "" && key.secretAccessKey !== ""
  return {
    canonicalRequest: text,
    canonicalRequestHash: hash,
    stringToSign: ["SDK-HMAC-SHA256", sdkDate, hash].join("\n"),
    signed: isKeyGiven ? signedWith(sign(request, key)) : undefined,
  }
}

function signedWith(headers: Record<string, string>): SignatureSteps["signed"] {
  return { signature: headers.authorization?.split("Signature=")[1] ?? "", headers }
}
