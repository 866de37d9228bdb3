import { AuthError, type Credentials, type SigningAlgorithm, sign } from "@countersign/auth-core"

/** A signature on which official implementations of several languages agree. */
export interface Vector {
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

export interface VectorsResult {
  readonly right: number
  readonly wrong: readonly string[]
}

/** Signs every vector in this runtime. */
export function runVectors(vectors: readonly Vector[]): VectorsResult {
  const wrong = vectors.filter((vector) => authorizationOf(vector) !== vector.authorization).map(({ name }) => name)
  return { right: vectors.length - wrong.length, wrong }
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
