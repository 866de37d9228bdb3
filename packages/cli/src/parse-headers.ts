import { isSecretName, staysAtOrigin } from "@countersign/auth-core/adapter"
import { CommandError, EXIT_CODES } from "./exit-code.ts"

/** Headers for one origin that hold no secret. */
const NO_SECRET = ["host", "x-sdk-date", "x-sdk-content-sha256"]

/** The value of a header of a request or an answer, by lower-case name, as it may be shown. */
export function shownHeaderValue(name: string, value: string, showSecrets: boolean): string {
  const isSecret = isSecretName(name) || (staysAtOrigin(name) && !NO_SECRET.includes(name))
  return isSecret && !showSecrets ? "[hidden]" : value
}

/** The query of a URL, with its `?`, as it may be shown. */
export function shownQuery(search: string, showSecrets: boolean): string {
  if (showSecrets) return search
  return search.replace(/([?&])([^=&]*)=[^&]*/g, (pair, mark: string, name: string) =>
    isSecretName(name) ? `${mark}${name}=[hidden]` : pair,
  )
}

/** Headers that countersign sets. */
const OWN = /^(?:authorization|x-auth-token|x-security-token|x-sdk-date|x-apig-appcode)$/i

/** Reads `Name: value` lines, and curl's `Name;` for an empty value and `Name:` for a header that is not sent. */
export function parseHeaders(lines: readonly string[] = []): [name: string, value: string | undefined][] {
  return lines.map((line) => {
    const [, name = "", value] = /^([!#$%&'*+.^_`|~\w-]+)(?::\s*(.*?)\s*|;)$/s.exec(line) ?? []
    if (name === "") {
      throw new CommandError(EXIT_CODES.usage, "A header must be `Name: value`, or `Name;` for an empty value.")
    }
    if (OWN.test(name)) {
      throw new CommandError(
        EXIT_CODES.usage,
        `Leave the header ${name} out: countersign sets it. A token belongs in a file, with --token-file.`,
      )
    }
    return [name, value === "" ? undefined : (value ?? "")]
  })
}

/** A header as `parseHeaders` and `curl -H` take it. */
export function headerLine(name: string, value: string): string {
  return value === "" ? `${name};` : `${name}: ${value}`
}

export function isSent(header: [name: string, value: string | undefined]): header is [name: string, value: string] {
  return header[1] !== undefined
}
