/** Matches the names of headers and query parameters that hold a credential. */
const SECRET_NAME = /token|auth|cookie|secret|passw|credential|signature|key|code/i

/** A canonical request that may be shown: headers and query parameters that carry a credential have their value masked. */
export function maskedRequest(canonicalRequest: string): string {
  const [method, uri, query = "", ...rest] = canonicalRequest.split("\n")
  const headers = rest.slice(0, -3).map((line) => masked(line, ":"))
  const parameters = query.split("&").map((pair) => masked(pair, "="))
  return [method, uri, parameters.join("&"), ...headers, ...rest.slice(-3)].join("\n")
}

function masked(field: string, separator: string): string {
  const name = field.slice(0, field.indexOf(separator))
  return SECRET_NAME.test(name) ? `${name}${separator}[secret]` : field
}
