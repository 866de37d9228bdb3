import type { AxiosError, InternalAxiosRequestConfig } from "axios"
import { axiosOf } from "./axios-of.ts"

const MESSAGES = {
  ERR_FR_TOO_MANY_REDIRECTS: "Maximum number of redirects exceeded",
  ERR_FR_REDIRECTION_FAILURE: "Redirected request failed",
}

/** The error by which axios' http adapter tells that redirects cannot be followed. */
export function redirectError(
  config: InternalAxiosRequestConfig,
  request: unknown,
  code: keyof typeof MESSAGES,
  cause?: unknown,
): AxiosError {
  const message = cause instanceof Error ? `${MESSAGES[code]}: ${cause.message}` : MESSAGES[code]
  const error = Object.assign(new Error(message, cause === undefined ? {} : { cause }), { code })
  Object.defineProperty(error, "name", { value: `Error [${code}]` })
  return axiosOf(config).AxiosError.from(error, undefined, config, request)
}

/** The same of fetch. */
export function fetchRedirectError(config: InternalAxiosRequestConfig, request: unknown): AxiosError {
  const { AxiosError } = axiosOf(config)
  const error = new AxiosError("Network Error", AxiosError.ERR_NETWORK, config, request)
  return Object.assign(error, { cause: new Error("redirect count exceeded") })
}
