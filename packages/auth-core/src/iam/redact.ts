const MASK = "[secret]"
const LONGEST_TEXT = 500
/** So many characters in a row that are also in a secret count as part of it. */
const SHORTEST_PART = 12

/**
 * Makes text of the other side fit for an error: masks the secrets that were sent, also escaped, encoded or cut short,
 * and keeps it brief.
 */
export function redact(text: string, secrets: readonly string[]): string {
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
