import * as core from "@countersign/auth-core/adapter"
import type { AxiosAdapter, AxiosError, AxiosResponse } from "axios"
import { axiosError, axiosOf } from "./axios-releases.ts"
import type { Config } from "./wire.ts"

/** The response to one attempt, and the error that axios made of it by its status. */
export interface Outcome extends core.ResponseLike {
  readonly response: AxiosResponse
  readonly error: unknown
}

type Sender = { readonly adapter: AxiosAdapter; readonly keepsAttempts: boolean }

/** Sends one attempt. Its response or error names the caller's config in place of the one sent, and shows no secret. */
export function outcomeOf(kind: Sender, sent: Config, config: Config, wire: core.WireRequest): Promise<Outcome> {
  const ended = (response: AxiosResponse, isFailed: boolean, error?: unknown): Outcome => {
    tidy(error ?? response)
    // Shows the headers that the adapter added, as axios does.
    for (const name of Object.keys(sent.headers)) {
      if (config.headers[name] !== undefined || name.toLowerCase() in wire.headers) continue
      config.headers[name] = sent.headers[name]
    }
    // A later error of a streamed response may show the attempt.
    if (!kind.keepsAttempts) sent.headers = config.headers
    if (isFailed && response?.status === undefined) throw error
    return {
      response,
      error,
      status: response.status,
      // axios' fetch adapter reports a redirect that a browser hides with status 0.
      type: response.status === 0 ? "opaqueredirect" : undefined,
      // Some callers' adapters, such as mocks, return a plain object or none.
      headers: axiosOf(config).AxiosHeaders.from(response.headers as Config["headers"]),
      ...core.bodyAtHand(response.data),
    }
  }
  const failed = (error: unknown): Outcome => ended(Object(error).response, true, error)
  return core.asPromise(() => kind.adapter(sent)).then((response) => ended(response, false), failed)

  function tidy(given: unknown): void {
    if (typeof given !== "object" || given === null) return
    // An adapter may pass on a copy of the config that was sent.
    if ("config" in given && given.config) given.config = config
    if ("request" in given) core.redactRequest(given.request, wire)
    if ("response" in given) tidy(given.response)
    if ("data" in given && core.isStream(given.data) && "once" in given.data) {
      const { errorMonitor } = process.getBuiltinModule("node:events")
      ;(given.data as NodeJS.ReadableStream).once(errorMonitor, tidy)
    }
    if (!(given instanceof Error)) return
    core.redactMessage(given, wire)
    // Only a part of the caller's timeout was left.
    if (/^timeout .*ms exceeded$/.test(given.message)) {
      given.message = given.message.replace(String(sent.timeout), String(config.timeout))
    }
    tidy(given.cause)
  }
}

// The errors of axios for work that is done here in its place.

export function timeoutError(config: Config): AxiosError {
  const { timeout, timeoutErrorMessage, transitional } = config
  const code = transitional?.clarifyTimeoutError === true ? "ETIMEDOUT" : "ECONNABORTED"
  return axiosError(config, timeoutErrorMessage || `timeout of ${timeout}ms exceeded`, code)
}

/** For a Node stream that failed, or was closed before its end; `undefined` for any other failure. */
export function bodyError(config: Config, error: unknown): Error | undefined {
  const { AxiosError, CanceledError } = axiosOf(config)
  const { destroyed, errored } = Object(config.data)
  if (error instanceof Error && errored === error) return AxiosError.from(error, undefined, config)
  const isClosed = destroyed === true && Object(error).code === "ERR_STREAM_PREMATURE_CLOSE"
  return isClosed ? new CanceledError("Request stream has been aborted", config) : undefined
}

/** For redirects that cannot be followed. */
export function redirectError(config: Config, request: unknown, code: string, message: string, cause?: unknown): Error {
  const error = Object.assign(new Error(message, { cause }), { name: `Error [${code}]`, code })
  return axiosOf(config).AxiosError.from(error, undefined, config, request)
}
