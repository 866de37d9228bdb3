import { readFileSync } from "node:fs"
import type { SigningAlgorithm } from "../../src/signing/algorithm.ts"
import type { SignOptions } from "../../src/signing/signer.ts"

/** A vector of the file. */
interface RawVector {
  name: string
  algorithm: SigningAlgorithm
  credentials: { ak: string; sk: string; securityToken?: string; regionId?: string; derivedAuthServiceName?: string }
  request: { method: string; url: string; headers: [string, string][]; body?: string; bodyBase64?: string }
  signedHeaders: string
  canonicalRequest: string
  stringToSign: string
  signature: string
  authorization: string
  sentHeaders: Record<string, string>
}

/** Signatures on which official implementations of at least two languages agree. */
export interface Vector extends Omit<RawVector, "request" | "credentials"> {
  credentials: { accessKeyId: string; secretAccessKey: string; securityToken?: string | undefined }
  /** The request with its headers, except Authorization. */
  request: { method: string; url: string; headers: [string, string][]; body: string | Uint8Array | null }
  options: SignOptions
}

const file = new URL("../vectors/signing.json", import.meta.url)
const { vectors: raw } = JSON.parse(readFileSync(file, "utf8")) as { vectors: RawVector[] }

export const vectors: Vector[] = raw.map(({ request, credentials, ...vector }) => {
  const { method, url, body = null, bodyBase64 } = request
  const { ak, sk, securityToken, regionId, derivedAuthServiceName } = credentials
  const headers = Object.entries(vector.sentHeaders).filter(([name]) => name !== "Authorization")
  return {
    ...vector,
    credentials: { accessKeyId: ak, secretAccessKey: sk, securityToken },
    request: { method, url, headers, body: bodyBase64 === undefined ? body : Buffer.from(bodyBase64, "base64") },
    options: {
      algorithm: vector.algorithm,
      signedHeaders: vector.signedHeaders.split(";"),
      region: regionId,
      service: derivedAuthServiceName,
    },
  }
})

/** The worked example of the signing guide. */
export const [workedExample] = vectors as [Vector, ...Vector[]]
