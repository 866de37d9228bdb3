import { readFileSync } from "node:fs"
import type { Credentials } from "../../src/identity/credentials.ts"
import type { SigningAlgorithm } from "../../src/signing/algorithm.ts"
import type { SignableRequest, SignOptions } from "../../src/signing/canonical-request.ts"

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

export interface Vector extends Omit<RawVector, "request" | "credentials"> {
  credentials: Credentials
  /** With the headers that were sent, Authorization excepted. */
  request: Omit<SignableRequest, "headers"> & {
    headers: [string, string][]
    url: string
    body: string | Uint8Array | null
  }
  options: SignOptions
}

const { vectors: raw } = JSON.parse(readFileSync(new URL("../vectors/signing.json", import.meta.url), "utf8")) as {
  vectors: RawVector[]
}

/** Signatures on which official implementations of at least two languages agree. */
export const vectors: Vector[] = raw.map(({ request, credentials, ...vector }) => {
  const { method, url, body, bodyBase64 } = request
  const { ak, sk, securityToken, regionId, derivedAuthServiceName } = credentials
  const headers = Object.entries(vector.sentHeaders).filter(([name]) => name !== "Authorization")
  return {
    ...vector,
    credentials: { accessKeyId: ak, secretAccessKey: sk, ...(securityToken === undefined ? {} : { securityToken }) },
    request: {
      method,
      url,
      headers,
      body: bodyBase64 === undefined ? (body ?? null) : Buffer.from(bodyBase64, "base64"),
    },
    options: {
      algorithm: vector.algorithm,
      signedHeaders: vector.signedHeaders.split(";"),
      region: regionId,
      service: derivedAuthServiceName,
    },
  }
})
