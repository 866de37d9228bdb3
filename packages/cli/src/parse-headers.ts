import { CommandError, EXIT_CODES } from "./exit-code.ts"

/** Headers that hold a secret, or what stands for one. */
export const SECRET_HEADERS = ["authorization", "x-auth-token", "x-security-token"]

/** Headers that countersign sets. */
const OWN = /^(?:authorization|x-auth-token|x-security-token|x-sdk-date)$/i

/** Reads `Name: value` lines, and curl's `Name;` for an empty value. */
export function parseHeaders(lines: readonly string[] = []): [name: string, value: string][] {
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
    return [name, value ?? ""]
  })
}
