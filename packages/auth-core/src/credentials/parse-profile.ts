import { AuthError } from "../errors/auth-error.ts"

/** Values by key, by section, those of [DEFAULT] in each. Keys are lower case, as Python's configparser has them. */
export type Profile = ReadonlyMap<string, ReadonlyMap<string, string>>

/**
 * Parses the INI form that the official Python SDK reads: `[section]`, whatever follows it on the line, `key = value` or
 * `key: value`, and comments, which are whole lines that begin with `#` or `;`. Values are taken as they stand, without quotes
 * or escapes. What stands in [DEFAULT] is there in each section that does not have it itself.
 *
 * Written here because the INI parsers of npm accept any line: what they cannot read becomes a key, so a file half written
 * would pass for a key half as long.
 *
 * @throws {AuthError} `AUTH_INVALID_CREDENTIALS` with the number of the first line that is none of these, or that repeats a
 * section or a key. The line itself is not shown.
 */
export function parseProfile(text: string, path: string): Profile {
  const defaults = new Map<string, string>()
  const profile = new Map<string, Map<string, string>>()
  let section: Map<string, string> | undefined
  for (const [index, line] of text.split(/\r\n|\n|\r/).entries()) {
    const invalid = (problem: string): AuthError =>
      new AuthError("AUTH_INVALID_CREDENTIALS", `${path}, line ${index + 1}: ${problem}.`)
    const content = line.trim()
    if (content === "" || /^[#;]/.test(content)) continue
    const name = /^\[(.+)\]/.exec(content)?.[1]?.trim()
    if (name === "DEFAULT") {
      section = defaults
      continue
    }
    if (name !== undefined) {
      if (profile.has(name)) throw invalid("this section appears a second time")
      section = new Map()
      profile.set(name, section)
      continue
    }
    const [, key, value] = /^([^=:[\]\s]+)\s*[=:]\s*(.*)$/s.exec(content) ?? []
    if (key === undefined || value === undefined) throw invalid("neither [section] nor `key = value` nor a comment")
    if (section === undefined) throw invalid("a key before the first [section]")
    if (section.has(key.toLowerCase())) throw invalid("this key appears a second time in its section")
    section.set(key.toLowerCase(), value)
  }
  return new Map([...profile].map(([name, own]) => [name, new Map([...defaults, ...own])]))
}
