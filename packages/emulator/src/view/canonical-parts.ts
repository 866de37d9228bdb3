import { hash } from "node:crypto"

/** The parts of a canonical request. */
export interface CanonicalParts {
  readonly method: string
  readonly uri: string
  readonly query: string
  /** By lower-case name, in the order in which they are signed. */
  readonly headers: readonly (readonly [name: string, value: string])[]
  /** The line that lists their names. */
  readonly signedHeaders: string
  readonly payloadHash: string
}

export function parseCanonical(text: string): CanonicalParts {
  const [method = "", uri = "", query = "", ...rest] = text.split("\n")
  const headers = rest.slice(0, -3).map((line): [string, string] => {
    const index = line.indexOf(":")
    return [line.slice(0, index), line.slice(index + 1)]
  })
  return { method, uri, query, headers, signedHeaders: rest.at(-2) ?? "", payloadHash: rest.at(-1) ?? "" }
}

/**
 * Moves the query of a POST without a body into the payload, as the scoped form has it: as a form, a blank as `+`.
 *
 * @see gophertelekomcloud, the Go SDK of Open Telekom Cloud
 */
export function inScopedForm(parts: CanonicalParts): CanonicalParts {
  if (parts.method !== "POST" || parts.payloadHash !== hash("sha256", "")) return parts
  return { ...parts, query: "", payloadHash: hash("sha256", parts.query.replaceAll("%20", "+")) }
}

export function canonicalText({ method, uri, query, headers, signedHeaders, payloadHash }: CanonicalParts): string {
  const lines = headers.map(([name, value]) => `${name}:${value}`)
  return [method, uri, query, ...lines, "", signedHeaders, payloadHash].join("\n")
}
