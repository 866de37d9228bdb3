import { hashHex } from "#digest"

/** Names of headers and query parameters that hold a credential. */
const SECRET_NAME = /token|auth|cookie|secret|passw|credential|signature|key|code/i
/** Of a shorter secret even a part of its hash would help to guess it. */
const LONG = 40
/** A shorter text is no secret, and may stand anywhere. */
const SHORTEST = 6
/** Stands in the place of a secret that somebody masked before. */
const MASKED = /^\[?(?:secret|redacted|masked|hidden)\]?$|^\*{3,}$|^<.*>$/i
const FINGERPRINT = /^\[secret: \d+ characters.*\]$/

export function isSecretName(name: string): boolean {
  return SECRET_NAME.test(name)
}

/** Whether nothing is known of the value. */
export function isMasked(value: string): boolean {
  return MASKED.test(value)
}

/** Whether it is what was made of a secret, which tells it from others. */
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
  return accessKeyId.length < 12 ? "…" : `${accessKeyId.slice(0, 4)}…${accessKeyId.slice(-4)}`
}

/** The places in the gateway's texts where it echoes an AK or an AppKey, which may be anything that was typed. */
const ECHOED_KEYS = [/(\bak: ?)([^\s,;"]+)/gi, /(\bak )(\S+)(?= not exist)/gi, /(\bapp ?key[: ] ?)([^\s,;"]+)/gi]
/** Anything that looks like a token. */
const TOKEN_LIKE = /[\w+/=-]{60,}/g

/** A message that may be shown: masks the AK that it echoes, known secrets, and what has the form of a token. */
export function shownMessage(message: string, secrets: readonly string[]): string {
  let clean = message
  for (const secret of secrets) if (secret.length >= SHORTEST) clean = clean.replaceAll(secret, "[secret]")
  for (const echo of ECHOED_KEYS) {
    clean = clean.replace(echo, (_, label: string, key: string) => label + shownAccessKeyId(key))
  }
  return clean.replace(TOKEN_LIKE, maskedSecret)
}
