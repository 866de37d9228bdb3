import { staysAtOrigin, type WireRequest } from "@countersign/auth-core"
import type { AxiosHeaders, AxiosResponse, InternalAxiosRequestConfig } from "axios"
import { axiosOf } from "./axios-of.ts"

type Details = Parameters<NonNullable<InternalAxiosRequestConfig["beforeRedirect"]>>

/**
 * Tells the caller's `beforeRedirect` of a hop, as axios does, and lets it change the headers; what is secret it does not
 * see.
 *
 * @param from the request that was answered with a redirect
 * @param to the one that is about to be sent, with `headers`
 */
export function tellRedirect(
  config: InternalAxiosRequestConfig,
  from: WireRequest,
  response: AxiosResponse,
  to: WireRequest,
  headers: AxiosHeaders,
): void {
  const { protocol, hostname, port, pathname, search, href } = to.url
  const path = pathname + search
  const shown = withoutSecrets(to)
  const options = { protocol, hostname, port, pathname, search, path, href, method: to.method, headers: { ...shown } }
  const answer = { headers: { ...response.headers }, statusCode: response.status } as Details[1]
  try {
    config.beforeRedirect?.(options, answer, { url: from.url.href, method: from.method, headers: withoutSecrets(from) })
  } catch (cause) {
    const message = `Redirected request failed: ${cause instanceof Error ? cause.message : cause}`
    const { AxiosError } = axiosOf(config)
    throw Object.assign(new AxiosError(message, "ERR_FR_REDIRECTION_FAILURE", config, response.request), { cause })
  }
  for (const name of Object.keys(shown)) if (!(name in options.headers)) headers.delete(name)
  headers.set(options.headers)
}

function withoutSecrets({ headers }: WireRequest): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).filter(([name]) => !staysAtOrigin(name)))
}
