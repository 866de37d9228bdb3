import { headerLine } from "./parse-headers.ts"

export interface CurlRequest {
  readonly method: string
  readonly url: string
  readonly headers: readonly (readonly [name: string, value: string])[]
  /** As curl takes it: the text, or `@file`. */
  readonly data?: string | undefined
  /** Instead of `data`: text that is sent as it is, even if it starts with an @. */
  readonly text?: string | undefined
}

/** A curl command for any POSIX shell that sends exactly what was signed. */
export function curlCommandLine({ method, url, headers, data, text }: CurlRequest): string {
  // curl knows HEAD as an option; with -X HEAD it would wait for a body.
  const verb =
    method === "HEAD" ? ["--head"] : method === "GET" && (data ?? text) === undefined ? [] : ["--request", method]
  // curl would send a type of its own with a body, which may differ from what a service expects.
  const hasType = headers.some(([name]) => name.toLowerCase() === "content-type")
  const lines = headers.map(([name, value]) => ["--header", headerLine(name, value)])
  const content = text !== undefined ? ["--data-raw", text] : data !== undefined ? ["--data-binary", data] : []
  const body = content.length === 0 || hasType ? content : [...content, "--header", "content-type:"]
  const globs = /[[\]{}]/.test(url) ? ["--globoff"] : []
  return ["curl", ...verb, ...globs, ...lines.flat(), ...body, url].map(shellWord).join(" ")
}

/** Quotes a word unless every shell takes it as it is. */
export function shellWord(text: string): string {
  return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`
}
