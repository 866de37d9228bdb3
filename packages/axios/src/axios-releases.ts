import * as core from "@countersign/auth-core/adapter"
import axios, { type AxiosError, type AxiosStatic, type InternalAxiosRequestConfig as Config } from "axios"

// A request may come from any copy of axios, and from any release since 1.7. Below `axiosOf` is code that only older
// releases need. docs/decisions/axios-range.md says which release costs what.

/** Keyed by the headers class of each copy of axios. Some callers pass on the plain object that `toJSON` returns. */
const copies = new WeakMap<object, AxiosStatic>([
  [axios.AxiosHeaders, axios],
  [Object, axios],
])

/**
 * The axios that made a request, for its classes and adapters; the one imported here if it cannot be found. A CommonJS
 * program has another copy, perhaps of another release, and tests errors by the classes of its own.
 */
export function axiosOf({ headers }: Config): AxiosStatic {
  const made = headers?.constructor ?? Object
  const copy = copies.get(made) ?? requiredAxios(made) ?? axios
  copies.set(made, copy)
  return copy
}

function requiredAxios(made: object): AxiosStatic | undefined {
  try {
    const { cache } = process.getBuiltinModule("node:module").createRequire(import.meta.url)
    const path = Object.keys(cache).find((name) => name.includes("axios") && cache[name]?.exports.AxiosHeaders === made)
    return path === undefined ? undefined : cache[path]?.exports
  } catch {
    // A browser, or a program in one bundle, has nothing to require.
    return undefined
  }
}

/** An error of that axios. */
export function axiosError(config: Config, message: string, code: string, request?: unknown): AxiosError {
  return new (axiosOf(config).AxiosError)(message, code, config, request)
}

/** Before 1.17: the advice if a proxy would read https. */
export const CLEAR_HTTPS_CURE =
  "axios sends https in clear to proxies before 1.17; upgrade axios to 1.17 or later, or set `proxy: false` and an `httpsAgent` that makes a tunnel"

/** Before 1.15.1: enforces `maxBodyLength` on a stream, which axios left to the package that follows redirects. */
export function limitedBody(body: unknown, config: Config): unknown {
  const { maxBodyLength: limit = -1 } = config
  if (limit < 0 || !core.isStream(body) || !(Symbol.asyncIterator in body)) return body
  return limited(body)

  async function* limited(chunks: AsyncIterable<unknown>): AsyncGenerator<unknown> {
    let length = 0
    for await (const chunk of chunks) {
      length += Buffer.byteLength(chunk as Uint8Array)
      if (length <= limit) yield chunk
      else throw axiosError(config, "Request body larger than maxBodyLength limit", "ERR_BAD_REQUEST")
    }
  }
}

/** Older fetch adapters ignore `maxRedirects`, and send a form's type without its boundary, which only fetch knows. */
export function prepareForOldFetch(sent: Config): void {
  if (sent.maxRedirects === 0) sent.fetchOptions = { ...sent.fetchOptions, redirect: "manual" }
  if (core.isFormData(sent.data) && !sent.headers.has("content-type")) sent.headers.setContentType(false)
}
