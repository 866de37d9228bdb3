import {
  bodyAtHand,
  type ResponseLike,
  redactMessage,
  redactRequest,
  type WireRequest,
} from "@countersign/auth-core/adapter"
import type { AxiosAdapter, AxiosError, AxiosHeaders, AxiosResponse, InternalAxiosRequestConfig } from "axios"
import { axiosOf } from "./axios-releases.ts"

type Config = InternalAxiosRequestConfig

/** The response to one attempt, which axios may have turned into an error by its status. */
export interface Outcome extends ResponseLike {
  readonly response: AxiosResponse
  /** Returns the response, or throws the error. */
  settle(): AxiosResponse
}

/** Sends one attempt. Its response or error names the caller's config in place of the one sent, and shows no secret. */
export async function outcomeOf(
  adapter: AxiosAdapter,
  sent: Config,
  config: Config,
  wire: Pick<WireRequest, "headers" | "added">,
): Promise<Outcome> {
  try {
    const response = await adapter(sent)
    tidy(response)
    return outcome(response, () => response)
  } catch (error) {
    if (!(error instanceof Error)) throw error
    tidyError(error)
    if (!("response" in error) || !isResponse(error.response)) throw error
    return outcome(error.response, () => {
      throw error
    })
  } finally {
    // Shows the headers that the adapter added, as axios does.
    for (const [name, value] of Object.entries(sent.headers)) {
      if (config.headers[name] === undefined && !(name.toLowerCase() in wire.headers)) config.headers[name] = value
    }
  }

  function tidy(response: AxiosResponse): void {
    response.config = config
    redactRequest(response.request, wire)
    const { data } = response
    if (typeof data !== "object" || data === null || !("pipe" in data && "once" in data)) return
    const { errorMonitor } = process.getBuiltinModule("node:events")
    data.once(errorMonitor, tidyError)
  }

  function tidyError(error: Error): void {
    redactMessage(error, wire)
    // Only a part of the caller's timeout was left.
    if (/^timeout .*ms exceeded$/.test(error.message)) {
      error.message = error.message.replace(String(sent.timeout), String(config.timeout))
    }
    for (let one: unknown = error; one instanceof Error; one = one.cause) {
      // An adapter may pass on a copy of the config that was sent.
      if ("config" in one && one.config) one.config = config
      if ("request" in one) redactRequest(one.request, wire)
      if ("response" in one && isResponse(one.response)) tidy(one.response)
    }
  }
}

function outcome(response: AxiosResponse, settle: () => AxiosResponse): Outcome {
  const { status, config, data } = response
  // Some callers' adapters, such as mocks, return none.
  const headers = response.headers as AxiosHeaders | undefined
  return {
    response,
    status,
    // axios' fetch adapter reports a redirect that a browser hides with status 0.
    type: status === 0 ? "opaqueredirect" : undefined,
    headers: typeof headers?.get === "function" ? headers : axiosOf(config).AxiosHeaders.from(headers),
    ...bodyAtHand(data),
    settle,
  }
}

function isResponse(value: unknown): value is AxiosResponse {
  return typeof value === "object" && value !== null && "status" in value
}

// The errors of axios for work that is done here in its place.

export function timeoutError(config: Config): AxiosError {
  const { AxiosError } = axiosOf(config)
  const { timeout, timeoutErrorMessage, transitional } = config
  const code = transitional?.clarifyTimeoutError === true ? AxiosError.ETIMEDOUT : AxiosError.ECONNABORTED
  return new AxiosError(timeoutErrorMessage || `timeout of ${timeout}ms exceeded`, code, config)
}

/** For a Node stream that failed, or was closed before its end; `undefined` for any other failure. */
export function bodyError(config: Config, error: unknown): Error | undefined {
  const { AxiosError, CanceledError } = axiosOf(config)
  const { destroyed, errored } = Object(config.data)
  if (error instanceof Error && errored === error) return AxiosError.from(error, undefined, config)
  const isClosed = destroyed === true && Object(error).code === "ERR_STREAM_PREMATURE_CLOSE"
  return isClosed ? new CanceledError("Request stream has been aborted", config) : undefined
}

const REDIRECT_MESSAGES = {
  ERR_FR_TOO_MANY_REDIRECTS: "Maximum number of redirects exceeded",
  ERR_FR_REDIRECTION_FAILURE: "Redirected request failed",
}

/** For redirects that cannot be followed. */
export function redirectError(
  config: Config,
  request: unknown,
  code: keyof typeof REDIRECT_MESSAGES,
  cause?: unknown,
): AxiosError {
  const message = REDIRECT_MESSAGES[code] + (cause instanceof Error ? `: ${cause.message}` : "")
  const error = Object.assign(new Error(message, { cause }), { name: `Error [${code}]`, code })
  return axiosOf(config).AxiosError.from(error, undefined, config, request)
}
