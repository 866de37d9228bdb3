import { readFileSync } from "node:fs"
import "@countersign/auth-core/p256"
import "@countersign/auth-core/sm2"
import type { Credentials } from "@countersign/auth-core"

/** A request that an official implementation signed. */
export interface ServiceVector {
  readonly name: string
  readonly credentials: Credentials
  readonly method: string
  /** The path with its query, as clients of HTTP send it. */
  readonly path: string
  readonly headers: Readonly<Record<string, string>>
  /** Empty for none. */
  readonly body: Uint8Array
}

interface Signed {
  readonly method: string
  readonly url: string
  readonly body?: string | undefined
  readonly bodyBase64?: string | undefined
}

/** All signatures that are known: of the HMACs, of both curves, and of the scoped form. */
export function serviceVectors(): ServiceVector[] {
  return [...ofHmac(), ...ofCurves(), ...ofScopedForm()]
}

function ofHmac(): ServiceVector[] {
  const { vectors } = read("signing") as {
    vectors: {
      name: string
      credentials: { ak: string; sk: string; securityToken?: string }
      request: Signed
      sentHeaders: Record<string, string>
      authorization: string
    }[]
  }
  return vectors.map(({ name, credentials: { ak, sk, securityToken }, request, sentHeaders, authorization }) => {
    const credentials = { accessKeyId: ak, secretAccessKey: sk, securityToken }
    return vector(name, credentials, request, { ...sentHeaders, Authorization: authorization })
  })
}

function ofCurves(): ServiceVector[] {
  const { asymmetric } = read("signing") as {
    asymmetric: {
      vectors: {
        name: string
        algorithm: string
        credentials: { ak: string; sk: string }
        /** Absent where only the derived key is known. */
        request?: Signed & { headers: [string, string][] }
        signedHeaders: string
        exampleSignatures: Record<string, string>
        privateKeyAgreed: boolean
      }[]
    }
  }
  const examples = asymmetric.vectors.flatMap(({ name, algorithm, credentials, request, ...signed }) => {
    // The Java SDK derives another private key of one AK than all others.
    if (request === undefined || !signed.privateKeyAgreed) return []
    const { ak, sk } = credentials
    return Object.entries(signed.exampleSignatures).map(([by, signature]) => {
      const authorization = `${algorithm} Access=${ak}, SignedHeaders=${signed.signedHeaders}, Signature=${signature}`
      const sent = { ...Object.fromEntries(request.headers), Authorization: authorization }
      return vector(`${name} by ${by}`, { accessKeyId: ak, secretAccessKey: sk }, request, sent)
    })
  })
  const { keys, requests } = read("asymmetric") as {
    keys: Credentials[]
    requests: (Signed & {
      algorithm: string
      headers: Record<string, string>
      authorization: string
    })[]
  }
  const [{ accessKeyId = "", secretAccessKey = "" } = {}] = keys
  // The file has only the hash of a POST's body.
  const complete = requests.filter(({ method }) => method !== "POST")
  const others = complete.map((request) => {
    const { algorithm, method, headers, authorization } = request
    const key = { accessKeyId, secretAccessKey }
    return vector(`${algorithm} ${method}`, key, request, { ...headers, Authorization: authorization })
  })
  return [...examples, ...others]
}

function ofScopedForm(): ServiceVector[] {
  const { vectors, headers, accessKeyId, secretAccessKey } = read("scoped") as Credentials & {
    headers: Record<string, string>
    vectors: (Signed & { region: string; service: string; canonicalRequest: string; signature: string })[]
  }
  return vectors.map((signed) => {
    const { method, url, region, service, canonicalRequest, signature } = signed
    const scope = `${headers["x-sdk-date"]?.slice(0, 8)}/${region}/${service}/sdk_request`
    const names = canonicalRequest.split("\n").at(-2)
    const authorization = `SDK-HMAC-SHA256 Credential=${accessKeyId}/${scope}, SignedHeaders=${names}, Signature=${signature}`
    const sent = { ...headers, Host: new URL(url).host, Authorization: authorization }
    return vector(`scoped ${method} ${url} ${region}/${service}`, { accessKeyId, secretAccessKey }, signed, sent)
  })
}

function vector(
  name: string,
  credentials: Credentials,
  { method, url, body = "", bodyBase64 }: Signed,
  headers: Record<string, string>,
): ServiceVector {
  const path = url.replace(/^https?:\/\/[^/?#]*/, "").replace(/^(?!\/)/, "/")
  const bytes = bodyBase64 === undefined ? Buffer.from(body) : Buffer.from(bodyBase64, "base64")
  const sent = path.replaceAll(/[^\x21-\x7e]+/g, encodeURIComponent)
  // Clients of other languages send text as UTF-8. That of Node takes a character for each byte.
  const onWire = Object.entries(headers).map(([name, value]) => [name, Buffer.from(value).toString("latin1")])
  return { name, credentials, method, path: sent, headers: Object.fromEntries(onWire), body: bytes }
}

function read(name: string): unknown {
  return JSON.parse(readFileSync(new URL(`../../auth-core/test/vectors/${name}.json`, import.meta.url), "utf8"))
}
