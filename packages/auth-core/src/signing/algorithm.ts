import { createHmac, hashHex } from "#digest"
import { bytesOfHex } from "../digest/bytes.ts"
import { invalidOption } from "../errors/auth-error.ts"
import { rememberLast } from "../runtime/remember-last.ts"
import type { CanonicalForm } from "./header-plan.ts"
import {
  type Algorithm,
  type AlgorithmOptions,
  addedKey,
  checkAlgorithm,
  hmac,
  type SigningAlgorithm,
} from "./signing-algorithm.ts"
import type { Key, KeyMaterial, KeyOfDate } from "./string-to-sign.ts"
import { canonicalUriLine, compared, type Pair, queryPairs } from "./url-parts.ts"

/** Everything that differs between algorithms for a signer. `authorization.ts` knows how their headers look. */
export const ALGORITHMS: Readonly<Record<SigningAlgorithm, Algorithm>> = {
  "SDK-HMAC-SHA256": hmac("sha256"),
  "SDK-HMAC-SM3": hmac("sm3"),
  "V11-HMAC-SHA256": {
    ...hmac("sha256"),
    createKey: derivedKey,
  },
  "SDK-ECDSA-P256-SHA256": {
    ...hmac("sha256"),
    createKey: (material) => addedKey("SDK-ECDSA-P256-SHA256")(material),
  },
  "SDK-SM2-SM3": {
    ...hmac("sm3"),
    createKey: (material) => addedKey("SDK-SM2-SM3")(material),
  },
}

/**
 * The algorithm that the options name. For `auto` it is the usual one, whose hash and headers all of its algorithms have.
 *
 * @throws {AuthError} `AUTH_INVALID_OPTION` for an unknown name, or one that has no scoped form.
 */
export function algorithmOf({ algorithm = "SDK-HMAC-SHA256", scoped }: AlgorithmOptions): Algorithm {
  const name = algorithm === "auto" ? "SDK-HMAC-SHA256" : algorithm
  if (!isSigningAlgorithm(name))
    throw invalidOption(`\`algorithm\` must be auto or one of ${Object.keys(ALGORITHMS).join(", ")}.`)
  if (!scoped) return ALGORITHMS[name]
  if (scoped !== true) throw invalidOption("`scoped` must be true or false.")
  checkAlgorithm({ algorithm, scoped })
  return SCOPED_HMAC_SHA256
}

/** Whether a word on the wire names an algorithm. */
export function isSigningAlgorithm(word: string): word is SigningAlgorithm {
  return Object.hasOwn(ALGORITHMS, word)
}

/**
 * HMAC under a key derived for a credential scope, `YYYYMMDD/<region>/<service>`, by HKDF (RFC 5869): the AK is the salt, the
 * SK the key material and the scope the info. The hex text of its output is the key.
 */
function derivedKey({ hash, accessKeyId, secretAccessKey, region, service }: KeyMaterial): KeyOfDate {
  const expand = createHmac(hash, bytesOfHex(createHmac(hash, accessKeyId)(secretAccessKey)))
  return keyOfScope(accessKeyId, [region, service], (scope) => createHmac(hash, expand(`${scope}\x01`)))
}

/**
 * HMAC under a key derived in steps: the SK, then the day, the region, the service and a last word.
 *
 * @see gophertelekomcloud, the Go SDK of Open Telekom Cloud
 */
function scopedKey({ hash, accessKeyId, secretAccessKey, region = "", service = "" }: KeyMaterial): KeyOfDate {
  if (!/^[\w.-]*\/[\w.-]*$/.test(`${region}/${service}`)) {
    throw invalidOption("`region` and `service` of a scoped signature must be names such as eu-de and ecs, or absent.")
  }
  return keyOfScope(accessKeyId, [region, service, "sdk_request"], (scope) => {
    let key: string | Uint8Array = `SDK${secretAccessKey}`
    for (const part of scope.split("/")) key = bytesOfHex(createHmac(hash, key)(part))
    return createHmac(hash, key)
  })
}

/** @param parts the scope after the day */
function keyOfScope(
  accessKeyId: string,
  parts: readonly (string | undefined)[],
  signWith: (scope: string) => Key["sign"],
): KeyOfDate {
  // Saves 5 us: a scope lasts a day.
  const keyOf = rememberLast(
    (scope: string): Key => ({
      identity: `Credential=${accessKeyId}/${scope}`,
      scopeLine: `${scope}\n`,
      sign: signWith(scope),
    }),
  )
  return (sdkDate) => keyOf([sdkDate.slice(0, 8), ...parts].join("/"))
}

/**
 * The canonical request of the older, scoped form. It keeps only the first value of a repeated query parameter and sorts
 * names without regard to case. Runs of white space in header values become one blank. A POST without a body has the query
 * as its payload, and no query line.
 *
 * @see gophertelekomcloud, the Go SDK of Open Telekom Cloud
 */
const scopedForm: CanonicalForm = (methodLine, { path, query }, signed, endOf) => {
  const pairs = queryPairs(query)
  const isQueryPayload = methodLine === "POST\n" && signed.payload === hashHex("sha256", "")
  const { text, signedHeaders } = endOf({
    values: signed.values.map((value) => value?.replaceAll(/\s+/g, " ")),
    payload: isQueryPayload ? hashHex("sha256", asForm(pairs)) : signed.payload,
  })
  return {
    text: methodLine + canonicalUriLine(path) + (isQueryPayload ? "" : firstOfEach(pairs)) + text,
    signedHeaders,
  }
}

function firstOfEach(pairs: readonly Pair[]): string {
  const firsts = new Map<string, Pair>()
  for (const pair of pairs) if (!firsts.has(pair.name)) firsts.set(pair.name, pair)
  return [...firsts.values()]
    .sort((a, b) => compared(inLowerCase(a), inLowerCase(b)) || compared(a.name, b.name))
    .map(({ text }) => text)
    .join("&")
}

/** Only ASCII has cases here: the others are bytes of longer characters. */
function inLowerCase({ name }: Pair): string {
  return name.replaceAll(/[A-Z]/g, (letter) => letter.toLowerCase())
}

/** As `url.Values.Encode` of Go writes a query: sorted by name, a blank as `+`. */
function asForm(pairs: readonly Pair[]): string {
  return [...pairs]
    .sort((a, b) => compared(a.name, b.name))
    .map(({ text }) => text.replaceAll("%20", "+"))
    .join("&")
}

/** The older form of SDK-HMAC-SHA256. Its credential tells it from the usual one. */
const SCOPED_HMAC_SHA256: Algorithm = {
  ...hmac("sha256"),
  createKey: scopedKey,
  canonicalForm: scopedForm,
}
