import { createRequire } from "node:module"
import { Hash } from "@smithy/hash-node"
import { SignatureV4 } from "@smithy/signature-v4"
import aws4 from "aws4"
import { AwsV4Signer } from "aws4fetch"
import { credentials, get, parts } from "./example-request.ts"
import { officialCredential, officialSigner } from "./official-signer.ts"

const require = createRequire(import.meta.url)
const region = "cn-north-4"
const service = "execute-api"

/** Each signs the GET of the bench as its documentation says, with prepared keys if it allows that. */
export const signersOfGet = {
  official(): () => unknown {
    const signer = officialSigner()
    return () => signer.sign(officialGet, officialCredential)
  },
  aws4(): () => unknown {
    const { host, pathname, search } = new URL(get.url)
    return () =>
      aws4.sign(
        { method: "GET", host, path: pathname + search, headers: { ...parts.headers }, region, service },
        credentials,
      )
  },
  smithy(): () => unknown {
    const signer = new SignatureV4({ credentials, region, service, sha256: Hash.bind(null, "sha256") as never })
    const { hostname } = new URL(parts.origin)
    const request = {
      method: "GET",
      protocol: "https:",
      hostname,
      path: parts.path,
      query: parts.query,
      body: undefined,
    }
    return () => signer.sign({ ...request, headers: { ...parts.headers, host: hostname } })
  },
  aws4fetch(): () => unknown {
    return aws4fetchSigner(get)
  },
}

const officialGet = {
  endpoint: `${parts.origin}${parts.path}`,
  method: "GET",
  queryParams: parts.query,
  // It looks for a content type in every request.
  headers: { ...parts.headers, "content-type": "application/json" },
}

/** The official signer of V11, which derives its key for each request. */
export function officialDerivedSigner({ region, service }: { region: string; service: string }): () => unknown {
  const { DerivedAKSKSigner } = require("@huaweicloud/huaweicloud-sdk-core/auth/DerivedAKSKSigner") as {
    DerivedAKSKSigner: ReturnType<typeof officialSigner>
  }
  const credential = { ...officialCredential, getRegionId: () => region, getDerivedAuthServiceName: () => service }
  return () => DerivedAKSKSigner.sign(officialGet, credential)
}

/** Signs with WebCrypto and a kept derived key. */
export function aws4fetchSigner(request: {
  method: string
  url: string
  headers: Record<string, string>
  body?: string
}): () => Promise<unknown> {
  const cache = new Map<string, ArrayBuffer>()
  return () => new AwsV4Signer({ ...credentials, ...request, region, service, cache }).sign()
}
