import { AuthError, type Credentials, type SigningAlgorithm, sign, verify } from "@countersign/auth-core"

/** A signature on which official implementations of several languages agree. */
interface Vector {
  readonly name: string
  readonly algorithm: SigningAlgorithm
  readonly credentials: {
    ak: string
    sk: string
    securityToken?: string
    regionId?: string
    derivedAuthServiceName?: string
  }
  readonly request: { method: string; url: string; body?: string; bodyBase64?: string }
  readonly signedHeaders: string
  readonly sentHeaders: Readonly<Record<string, string>>
  readonly authorization: string
}

/** A request that official implementations sign by a key pair. */
interface AsymmetricVector {
  readonly algorithm: SigningAlgorithm
  readonly method: string
  readonly url: string
  readonly headers: Readonly<Record<string, string>>
  readonly payloadHash: string
  readonly authorization: string
  /** The signature, where its nonce is that of RFC 6979. */
  readonly rfc6979?: string
}

/** The vectors of auth-core's tests. */
export interface Vectors {
  readonly vectors: readonly Vector[]
  readonly asymmetric: { readonly keys: readonly Credentials[]; readonly requests: readonly AsymmetricVector[] }
}

export interface VectorsResult {
  readonly right: number
  readonly wrong: readonly string[]
}

/** The number of all vectors. */
export const VECTOR_COUNT = 537

/** Signs every vector in this runtime, and verifies what differs each time. */
export async function runVectors({ vectors, asymmetric }: Vectors): Promise<VectorsResult> {
  const wrong = vectors.filter((vector) => authorizationOf(vector) !== vector.authorization).map(({ name }) => name)
  const [key] = asymmetric.keys
  for (const vector of asymmetric.requests) {
    if (key === undefined || !(await isAsRight(vector, key))) wrong.push(`${vector.algorithm} ${vector.method}`)
  }
  return { right: vectors.length + asymmetric.requests.length - wrong.length, wrong }
}

async function isAsRight(vector: AsymmetricVector, { accessKeyId, secretAccessKey }: Credentials): Promise<boolean> {
  const { algorithm, method, url, headers, payloadHash, rfc6979 } = vector
  const key: Credentials = { accessKeyId, secretAccessKey }
  const [, names = ""] = /SignedHeaders=([^,]+)/.exec(vector.authorization) ?? []
  try {
    const options = { algorithm, payloadHash, signedHeaders: names.split(";") }
    const { authorization = "" } = sign({ method, url, headers }, key, options)
    if (rfc6979 !== undefined && !authorization.endsWith(`Signature=${rfc6979}`)) return false
    const request = { method, url, body: "any" }
    const sent = { ...request, headers: sign(request, key, { algorithm }) }
    return (await verify(sent, { secretFor: () => key })).ok
  } catch (error) {
    if (error instanceof AuthError) return false
    throw error
  }
}

function authorizationOf({ algorithm, credentials, request, signedHeaders, sentHeaders }: Vector): string | undefined {
  const { ak, sk, securityToken, regionId, derivedAuthServiceName } = credentials
  const key: Credentials = { accessKeyId: ak, secretAccessKey: sk, securityToken }
  const headers = Object.entries(sentHeaders).filter(([name]) => name !== "Authorization") as [string, string][]
  const { method, url, body = null, bodyBase64 } = request
  const bytes =
    bodyBase64 === undefined ? body : Uint8Array.from(atob(bodyBase64), (character) => character.charCodeAt(0))
  try {
    const options = {
      algorithm,
      signedHeaders: signedHeaders.split(";"),
      region: regionId,
      service: derivedAuthServiceName,
    }
    return sign({ method, url, headers, body: bytes }, key, options).authorization
  } catch (error) {
    if (error instanceof AuthError) return undefined
    throw error
  }
}
