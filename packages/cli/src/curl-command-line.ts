export interface CurlRequest {
  readonly method: string
  readonly url: string
  readonly headers: readonly (readonly [name: string, value: string])[]
  /** As curl takes it: the text, or `@file`. */
  readonly data?: string | undefined
}

/** A curl command for any POSIX shell that sends exactly what was signed. */
export function curlCommandLine({ method, url, headers, data }: CurlRequest): string {
  // curl knows HEAD as an option; with -X HEAD it would wait for a body.
  const verb = method === "HEAD" ? ["--head"] : method === "GET" && data === undefined ? [] : ["--request", method]
  // curl would send a type of its own with a body, which may differ from what a service expects.
  const hasType = headers.some(([name]) => name.toLowerCase() === "content-type")
  const lines = headers.map(([name, value]) => ["--header", value === "" ? `${name};` : `${name}: ${value}`])
  const body = data === undefined ? [] : ["--data-binary", data, ...(hasType ? [] : ["--header", "content-type:"])]
  const globs = /[[\]{}]/.test(url) ? ["--globoff"] : []
  return ["curl", ...verb, ...globs, ...lines.flat(), ...body, url].map(shellWord).join(" ")
}

/** Quotes a word unless every shell takes it as it is. */
export function shellWord(text: string): string {
  return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`
}
