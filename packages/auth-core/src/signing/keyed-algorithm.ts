import { createHmac, hashHex } from "#digest"
import { bytesOfHex } from "../digest/bytes.ts"
import { invalidOption } from "../errors/auth-error.ts"
import { rememberLast } from "../runtime/remember-last.ts"
import { ALGORITHMS, type Algorithm, type AlgorithmOptions, type CreateKey, checkAlgorithm } from "./algorithm.ts"
import type { CanonicalForm } from "./header-plan.ts"
import type { Key, KeyMaterial, KeyOfDate } from "./string-to-sign.ts"
import { canonicalUriLine, compared, type Pair, queryPairs } from "./url-parts.ts"

/** A row of the table with its key. */
export interface KeyedAlgorithm extends Algorithm {
  /** @throws {AuthError} `AUTH_INVALID_OPTION`, `AUTH_ALGORITHM_UNSUPPORTED` */
  createKey: CreateKey
}

/**
 * The algorithm that the options name, with everything that is loaded on demand.
 *
 * @throws {AuthError} `AUTH_INVALID_OPTION` for an unknown name, or one that has no scoped form
 */
export function algorithmOf({ algorithm = "SDK-HMAC-SHA256", scoped }: AlgorithmOptions): KeyedAlgorithm {
  const row = ALGORITHMS[algorithm]
  if (!row) throw invalidOption(`\`algorithm\` must be one of ${Object.keys(ALGORITHMS).join(", ")}.`)
  // Refuses an algorithm that no entry has added.
  const createKey: CreateKey = (material) => {
    checkAlgorithm({ ...material, algorithm })
    return derivedKey(material)
  }
  if (!scoped) return { createKey, ...row }
  if (scoped !== true) throw invalidOption("`scoped` must be true or false.")
  checkAlgorithm({ algorithm, scoped })
  return { ...row, createKey: scopedKey, canonicalForm: scopedForm }
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
  // The first signature of a second takes 60 % less: a scope lasts a day.
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
