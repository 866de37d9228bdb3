/** The method that Node's `util.inspect`, and with it `console.log`, looks for on an object. */
export const INSPECT = Symbol.for("nodejs.util.inspect.custom")

const MASK = "[secret]"
const LONGEST_TEXT = 500
/** A run of this many characters that is also in a secret counts as part of it. */
const SHORTEST_PART = 12

/**
 * Makes the text of a server fit for an error message. Masks the secrets that were sent, even if they are escaped,
 * encoded or cut short, and shortens the text.
 */
export function redactText(text: string, secrets: readonly string[]): string {
  const forms = secrets.flatMap((secret) => [
    secret,
    JSON.stringify(secret).slice(1, -1),
    encodeURIComponent(secret.replaceAll(/\p{Surrogate}/gu, "\ufffd")),
    base64(secret),
  ])
  let clean = text
  for (const form of forms) {
    if (form !== "") clean = clean.replaceAll(form, MASK)
  }
  clean = maskParts(clean.slice(0, 4 * LONGEST_TEXT), forms)
  return clean.length > LONGEST_TEXT ? `${clean.slice(0, LONGEST_TEXT)}...` : clean
}

/** A long secret, such as a token, is often quoted in part only. */
function maskParts(text: string, secrets: readonly string[]): string {
  let clean = ""
  for (let start = 0; start < text.length; ) {
    let end = start
    const isPart = (): boolean => secrets.some((secret) => secret.includes(text.slice(start, end + SHORTEST_PART)))
    while (end + SHORTEST_PART <= text.length && isPart()) end += 1
    if (end === start) {
      clean += text[start]
      start += 1
    } else {
      clean += MASK
      start = end + SHORTEST_PART - 1
    }
  }
  return clean
}

function base64(text: string): string {
  return btoa(Array.from(new TextEncoder().encode(text), (byte) => String.fromCharCode(byte)).join(""))
}

/**
 * Words in the names of credentials. Most count anywhere in a name, as in `apikey`. The short ones count only as whole
 * words, since plain words such as `design` contain them.
 */
const SECRET_NAME =
  /token|auth|cookie|secret|passw|passphrase|pwd|credential|signature|session|sessid|assertion|saml|bearer|hmac|jwt|key|code|(?<![a-z])(?:ak|sk|otp|pin|sid|sig|sign|private|refresh)(?![a-z])|(?<!by|com|sur|tres)pass(?![a-z])/
const PLAIN_WORD =
  /(?<![a-z])(?:author(?:s|ity)?|authenticate|keywords?|(?:en|de)code[dr]?|unicode|codecs?|possessions?)(?![a-z])/g

/** Whether a header, a query parameter or a field of this name holds a credential. */
export function isSecretName(name: string): boolean {
  const words = name.replace(/([a-z\d])(?=[A-Z])|([A-Z])(?=[A-Z][a-z])/g, "$&-").toLowerCase()
  return SECRET_NAME.test(words.replace(PLAIN_WORD, ""))
}

/** Masks the values of headers and query parameters that carry a credential, so that a canonical request may be shown. */
export function redactCanonicalRequest(canonicalRequest: string): string {
  const [method, uri, query = "", ...rest] = canonicalRequest.split("\n")
  const headers = rest.slice(0, -3).map((line) => masked(line, ":"))
  const parameters = query.split("&").map((pair) => masked(pair, "="))
  return [method, uri, parameters.join("&"), ...headers, ...rest.slice(-3)].join("\n")
}

function masked(field: string, separator: string): string {
  const name = field.slice(0, field.indexOf(separator))
  return isSecretName(name) ? `${name}${separator}[secret]` : field
}
