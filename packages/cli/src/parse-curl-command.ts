import type { ExplainedRequest } from "@countersign/auth-core/explain"

/** Options of curl whose value is of no use here, so that it is not taken for the URL. */
const OTHERS_WITH_VALUE =
  /^(?:-[CcDEFKTUmoruwxyYz]|--(?:cacert|cert|connect-timeout|cookie-jar|form|key|limit-rate|max-time|output|proxy|range|resolve|retry|upload-file|user|write-out))$/
/** Their bodies come from files, or are encoded by curl itself. */
const UNKNOWN_BODY = ["-F", "--form", "-T", "--upload-file", "--data-urlencode"]
const DATA = ["-d", "--data", "--data-ascii", "--data-raw", "--data-binary", "--json"]
const HEADERS_BY_OPTION: Readonly<Record<string, string>> = {
  "-A": "user-agent",
  "--user-agent": "user-agent",
  "-b": "cookie",
  "--cookie": "cookie",
  "-e": "referer",
  "--referer": "referer",
}

/**
 * Reads a curl command in the quotes of a POSIX shell, as browsers copy it and histories keep it. A body that the command
 * does not show is left out.
 *
 * @returns `undefined` for any other text
 */
export function parseCurlCommand(text: string): Partial<ExplainedRequest> | undefined {
  const [program, ...words] = shellWords(text.replace(/^\s*\$ /, ""))
  if (program !== "curl") return undefined
  const headers: Record<string, string> = {}
  const data: { option: string; value: string }[] = []
  const free: string[] = []
  let method: string | undefined
  let isInQuery = false
  let isBodyKnown = true
  for (let at = 0; at < words.length; at++) {
    const { option, attached } = optionIn(words[at] ?? "")
    const value = (): string => attached ?? words[++at] ?? ""
    if (UNKNOWN_BODY.includes(option)) isBodyKnown = false
    if (option === "") free.push(words[at] ?? "")
    else if (option === "-X" || option === "--request") method = value()
    else if (option === "-I" || option === "--head") method ??= "HEAD"
    else if (option === "-G" || option === "--get") isInQuery = true
    else if (option === "--url") free.unshift(value())
    else if (option === "-H" || option === "--header") Object.assign(headers, headerIn(value()))
    else if (HEADERS_BY_OPTION[option] !== undefined) headers[HEADERS_BY_OPTION[option]] = value()
    else if (DATA.includes(option)) data.push({ option, value: value() })
    else if (option === "--data-urlencode" || OTHERS_WITH_VALUE.test(option)) value()
  }
  const url = free.find((word) => word.includes("://")) ?? free[0]
  if (url === undefined) return undefined
  const isFromFile = data.some(({ option, value }) => option !== "--data-raw" && value.startsWith("@"))
  const content = data
    .map(({ option, value }, index) => (index > 0 && option !== "--json" ? `&${value}` : value))
    .join("")
  const hasBody = !isInQuery && (data.length > 0 || !isBodyKnown)
  const type = data.some(({ option }) => option === "--json") ? "application/json" : "application/x-www-form-urlencoded"
  return {
    method: method ?? (hasBody ? "POST" : "GET"),
    url: (url.includes("://") ? url : `http://${url}`) + (isInQuery && content !== "" ? queryMark(url) + content : ""),
    headers: hasBody && isBodyKnown ? { "content-type": type, ...headers } : headers,
    ...(isFromFile || !isBodyKnown ? {} : { body: hasBody ? content : null }),
  }
}

function queryMark(url: string): string {
  return url.includes("?") ? "&" : "?"
}

/** The option of a word, and the value that is written to it without a blank. */
function optionIn(word: string): { option: string; attached?: string } {
  if (word.startsWith("--") || !word.startsWith("-")) return { option: word.startsWith("-") ? word : "" }
  // Short options may be joined; of those before the last, none that matters here takes a value.
  const [, flags = "", last = "", attached = ""] = /^-([fgiIkLnNqsSvG]*)(.?)(.*)$/s.exec(word) ?? []
  const option = `-${last === "" ? (/[IG]/.exec(flags)?.[0] ?? flags.slice(-1)) : last}`
  return attached === "" ? { option } : { option, attached }
}

/** `Name: value`, `Name;` for an empty value; `Name:` removes a header. */
function headerIn(line: string): Record<string, string> {
  const [, name = "", rest] = /^([^\s:;]+)(?::(.*)|;)$/s.exec(line) ?? []
  const value = rest?.trim()
  return name === "" || value === "" ? {} : { [name.toLowerCase()]: value ?? "" }
}

const WORD = /(?:\\[^\n]|'[^']*'|\$'(?:\\.|[^'\\])*'|"(?:\\.|[^"\\])*"|[^\s\\'"$]|\$(?!'))+/gs
const PIECE = /\\(?<escaped>.)|\$'(?<ansi>(?:\\.|[^'\\])*)'|'(?<single>[^']*)'|"(?<double>(?:\\.|[^"\\])*)"/gs

/** A backslash at the end of a line joins it to the next one. */
function shellWords(text: string): string[] {
  const words = text.replaceAll(/\\\r?\n/g, " ").match(WORD) ?? []
  return words.map((word) =>
    word.replaceAll(PIECE, (...match) => {
      const { escaped, ansi, single, double } = match.at(-1) as Readonly<Record<string, string | undefined>>
      return escaped ?? single ?? (ansi === undefined ? double?.replaceAll(/\\(["\\$`])/g, "$1") : ansiText(ansi)) ?? ""
    }),
  )
}

const ANSI: Readonly<Record<string, string>> = { n: "\n", r: "\r", t: "\t" }

function ansiText(text: string): string {
  return text.replaceAll(
    /\\(?:u([\da-f]{1,4})|x([\da-f]{1,2})|(.))/gis,
    (_, unit?: string, byte?: string, letter = "") =>
      (unit ?? byte) === undefined
        ? (ANSI[letter] ?? letter)
        : String.fromCharCode(Number.parseInt(unit ?? byte ?? "", 16)),
  )
}
