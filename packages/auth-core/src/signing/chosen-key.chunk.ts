// Loaded on demand where every signature is an HMAC under the SK.
import type { Cloud } from "../cloud/cloud.ts"
import type { Credentials } from "../identity/credentials.ts"
import { rememberLast } from "../runtime/remember-last.ts"
import { checkAlgorithm } from "./algorithm.ts"
import type { ResolvedRequest } from "./canonicalizer.ts"
import { algorithmOf } from "./keyed-algorithm.ts"
import { createSigningKey, type SignerOptions, type SigningKey } from "./signing-key.ts"
import { urlParts } from "./url-parts.ts"

/**
 * A key for any algorithm.
 *
 * @throws {AuthError} `AUTH_INVALID_CREDENTIALS`, `AUTH_INVALID_OPTION`, `AUTH_ALGORITHM_UNSUPPORTED`
 */
export function createChosenKey(
  credentials: Credentials,
  { cloud, ...given }: SignerOptions & { cloud?: Cloud | undefined },
): SigningKey {
  const options = cloud?.scoped ? inFormOf(given) : given
  const chosen = algorithmOf(options)
  checkAlgorithm(options)
  if (options.algorithm !== "auto") return createSigningKey(credentials, options, chosen)
  const { alsoSigned } = options
  const plain = createSigningKey(credentials, { alsoSigned }, algorithmOf({}))
  const algorithm = "V11-HMAC-SHA256"
  // Signing takes 90 % less: most requests of a program go to one region.
  const keyIn = rememberLast((region: string) =>
    createSigningKey(credentials, { algorithm, alsoSigned, region, service: "iotdm" }, algorithmOf({ algorithm })),
  )
  const keyFor = ({ url }: ResolvedRequest): SigningKey => {
    const [, region] = IOTDA_HOST.exec(urlParts(url).host) ?? []
    return region === undefined ? plain : keyIn(region)
  }
  return {
    plan: plain.plan,
    sign: (request) => keyFor(request).sign(request),
    canonicalRequest: (signed) => keyFor(signed).canonicalRequest(signed),
  }
}

/** The options for a cloud of the scoped form. An algorithm or a form that they name wins. */
function inFormOf(given: SignerOptions): SignerOptions {
  const { algorithm, scoped, region, service } = given
  if (algorithm !== undefined || scoped !== undefined) return given
  // The Go SDK of Open Telekom Cloud leaves both empty. A region alone is meant for look-ups.
  return { ...given, scoped: true, region: service === undefined ? undefined : region }
}

/** An instance of IoTDA, of any cloud. IoTDA is the one service whose official clients sign with a derived key. */
const IOTDA_HOST = /^(?:[^.:]+\.)+iotda-app\.([a-z]{2,}-[a-z]+-\d{1,3})\.[^:]+(?::\d+)?$/
