import { createRequire } from "node:module"
import { Hash } from "@smithy/hash-node"
import { SignatureV4 } from "@smithy/signature-v4"
import aws4 from "aws4"
import { AwsV4Signer } from "aws4fetch"
import { credentials, get, parts } from "./example-request.ts"

const require = createRequire(import.meta.url)

/** The signer inside the official SDK: a class of its own, below the package's public face. */
interface OfficialSigner {
  sign(request: object, credential: object): Record<string, string>
}

export const officialCredential = {
  getAk: () => credentials.accessKeyId,
  getSk: () => credentials.secretAccessKey,
}

export function officialSigner(): OfficialSigner {
  const { AKSKSigner } = require("@huaweicloud/huaweicloud-sdk-core/auth/AKSKSigner") as { AKSKSigner: OfficialSigner }
  return AKSKSigner
}

export function officialDerivedSigner(): { sign(request: object, credential: object): Record<string, string> } {
  const { DerivedAKSKSigner } = require("@huaweicloud/huaweicloud-sdk-core/auth/DerivedAKSKSigner") as {
    DerivedAKSKSigner: OfficialSigner
  }
  return DerivedAKSKSigner
}

const region = "cn-north-4"
const service = "execute-api"

/** Each signs the GET of the bench as its documentation says, keys prepared as far as it lets them be. */
export const signersOfGet = {
  official(): () => unknown {
    const signer = officialSigner()
    const request = {
      endpoint: `${parts.origin}${parts.path}`,
      method: "GET",
      queryParams: parts.query,
      // It looks for a content type in every request.
      headers: { ...parts.headers, "content-type": "application/json" },
    }
    return () => signer.sign(request, officialCredential)
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
  aws4fetch(cache: Map<string, ArrayBuffer>): () => unknown {
    return () =>
      new AwsV4Signer({
        ...credentials,
        url: get.url,
        headers: parts.headers,
        method: "GET",
        region,
        service,
        cache,
      }).sign()
  },
}
