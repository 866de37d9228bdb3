import { hashHex } from "#digest"
import { isSecretKeyLike } from "../identity/secret.ts"
import { isSecretName } from "../runtime/redact.ts"

/** For a shorter secret, part of its hash would already help to guess it. */
const LONG = 40
/** A shorter text is no secret, and may stand anywhere. */
const SHORTEST = 6
/** Stands in the place of a secret that somebody masked before. */
const MASKED = /^\[?(?:secret|redacted|masked|hidden)\]?$|^\*{3,}$|^<.*>$/i
const FINGERPRINT = /^\[secret: \d+ characters.*\]$/

/** Whether nothing is known of the value. */
export function isMasked(value: string): boolean {
  return MASKED.test(value)
}

/** Whether it is the fingerprint of a secret. */
export function isFingerprint(value: string): boolean {
  return FINGERPRINT.test(value)
}

/** Tells two secrets apart without showing either: the length, and the end of the hash of a long one. */
function maskedSecret(value: string): string {
  if (isMasked(value) || isFingerprint(value)) return value
  const end = value.length >= LONG ? `, SHA-256 …${hashHex("sha256", value).slice(-8)}` : ""
  return `[secret: ${value.length} characters${end}]`
}

/** The value of a header or query parameter, fit to be shown. */
export function shownHeader(name: string, value: string): string {
  return isSecretName(name) && value !== "" ? maskedSecret(value) : value
}

/** A canonical query whose secret values are masked. */
export function shownQuery(query: string): string {
  if (!query.includes("=")) return query
  return query
    .split("&")
    .map((pair) => {
      const equals = pair.indexOf("=")
      return equals < 0
        ? pair
        : `${pair.slice(0, equals)}=${shownHeader(pair.slice(0, equals), pair.slice(equals + 1))}`
    })
    .join("&")
}

/** Enough of an AK to tell it from another. */
export function shownAccessKeyId(accessKeyId: string): string {
  if (isSecretKeyLike(accessKeyId)) return maskedSecret(accessKeyId)
  return accessKeyId.length < 12 ? "…" : `${accessKeyId.slice(0, 4)}…${accessKeyId.slice(-4)}`
}

/** The places in the gateway's texts where it echoes an AK or an AppKey, which may be anything that was typed. */
const ECHOED_KEYS = [/(\bak: ?)([^\s,;"]+)/gi, /(\bak )(\S+)(?= not exist)/gi, /(\bapp ?key[: ] ?)([^\s,;"]+)/gi]
/** Names of secrets in a line of a log, such as `HUAWEICLOUD_SDK_SK`. */
const SECRET_NAMES =
  /(?:[\w-]*[_-])?(?:sk|token|passw(?:or)?d|passcode|passphrase|pass|pwd|otp|pin|jwt|sig|hmac|sid|session(?:[_-]?id)?|assertion|samlresponse|secret(?:[_-]?(?:access[_-]?)?key)?|(?:api|private)[_-]?key|signature)|(?:security|access|id|auth|refresh)token|secretaccesskey|adminpass/
const SECRET_FIELD = labelledValue(SECRET_NAMES, /[^\s"',;&}\\]+/)
/** Headers whose values have several words. */
const SECRET_HEADER = labelledValue(/(?:proxy-)?authorization|(?:set-)?cookie/, /[^\s"'][^\r\n"'}]*/)
/** Words that follow such a name in a sentence: `token: expired`. */
const PROSE = /^[a-z]{1,20}[.!]?$/
/** The form of an SK: 40 letters and digits, of each kind at least one. A hash has no capitals. */
const SK_LIKE = /\b(?=[a-zA-Z]*\d)(?=[A-Z\d]*[a-z])(?=[a-z\d]*[A-Z])[a-zA-Z\d]{40}\b/g
const JWT = /\beyJ[\w-]+\.[\w-]+(?:\.[\w-]*)*/g
/** Anything that looks like a token. */
const TOKEN_LIKE = /[\w+/=-]{60,}/g

/** A longer text is cut first: some patterns take quadratic time. */
const LONGEST_MASKED = 4_000
const LONGEST_MESSAGE = 500

/**
 * A message that may be shown. Masks the AK that it echoes, known secrets, and values with the name or the form of a secret.
 * Cuts a long message.
 */
export function shownMessage(message: string, secrets: readonly string[]): string {
  const clean = maskedMessage(beginningOf(message), secrets)
  const isCut = clean.length > LONGEST_MESSAGE || message.length > LONGEST_MASKED
  return isCut ? `${clean.slice(0, LONGEST_MESSAGE)}… [cut, ${message.length} characters in all]` : clean
}

/** Cuts between words, because half a secret is not recognised. */
function beginningOf(message: string): string {
  if (message.length <= LONGEST_MASKED) return message
  let end = LONGEST_MASKED
  while (end > 0 && /[\w+/=-]/.test(message.charAt(end))) end -= 1
  // One word of this length is masked as a whole.
  return message.slice(0, end === 0 ? LONGEST_MASKED : end)
}

function maskedMessage(message: string, secrets: readonly string[]): string {
  let clean = message
  for (const secret of secrets) if (secret.length >= SHORTEST) clean = clean.replaceAll(secret, "[secret]")
  for (const echo of ECHOED_KEYS) {
    clean = clean.replace(echo, (_, label: string, key: string) => label + shownAccessKeyId(key))
  }
  for (const labelled of [SECRET_HEADER, SECRET_FIELD]) {
    clean = clean.replace(labelled, (whole: string, name: string, gap: string, ...values: (string | undefined)[]) => {
      const [value = ""] = values.slice(0, 4).filter((each) => each !== undefined)
      return value === "" || PROSE.test(value) ? whole : name + gap + maskedSecret(value)
    })
  }
  for (const form of [JWT, SK_LIKE, TOKEN_LIKE]) clean = clean.replace(form, maskedSecret)
  return clean
}

/** Matches a name and its value: bare, or in quotes, which JSON within JSON escapes. Skips values that are masked already. */
function labelledValue(names: RegExp, bare: RegExp): RegExp {
  const quoted = String.raw`\\"([^"\\]*)(?:\\"|$)|"((?:[^"\\]|\\.)*)(?:"|$)|'([^']*)(?:'|$)`
  const gap = String.raw`\\?["']?\s*[:=]\s*`
  return new RegExp(String.raw`(?<![[\w-])(${names.source})(${gap})(?:${quoted}|((?!\[secret)${bare.source}))`, "gi")
}
