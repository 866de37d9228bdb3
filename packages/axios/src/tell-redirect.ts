import { staysAtOrigin, type WireRequest } from "@countersign/auth-core"
import type { AxiosBasicCredentials, AxiosHeaders, AxiosResponse, InternalAxiosRequestConfig } from "axios"
import { redirectError } from "./redirect-error.ts"

type Details = Parameters<NonNullable<InternalAxiosRequestConfig["beforeRedirect"]>>

/**
 * Tells the caller's `beforeRedirect` of a hop, as axios does, and lets it change the headers; what is secret it does not
 * see.
 *
 * @param from the request that was answered with a redirect
 * @param to the one that is about to be sent, with `headers`
 * @returns user and password that it gives for this hop
 */
export function tellRedirect(
  config: InternalAxiosRequestConfig,
  from: WireRequest,
  response: AxiosResponse,
  to: WireRequest,
  headers: AxiosHeaders,
): AxiosBasicCredentials | undefined {
  const { protocol, hostname, port, pathname, search, href } = to.url
  const path = pathname + search
  const shown = withoutSecrets(headers.toJSON(true))
  const auth: unknown = undefined
  const options = {
    protocol,
    hostname,
    port,
    pathname,
    search,
    path,
    href,
    method: to.method,
    auth,
    headers: { ...shown },
  }
  const answer = { headers: { ...response.headers }, statusCode: response.status } as Details[1]
  const request = {
    url: from.url.href,
    method: from.method,
    headers: inSpellingOf(config, withoutSecrets(from.headers)),
  }
  try {
    config.beforeRedirect?.(options, answer, request)
  } catch (cause) {
    throw redirectError(config, response.request, "ERR_FR_REDIRECTION_FAILURE", cause)
  }
  for (const name of Object.keys(shown)) if (!(name in options.headers)) headers.delete(name)
  headers.set(options.headers)
  if (typeof options.auth !== "string") return undefined
  const [username = "", ...password] = options.auth.split(":")
  return { username, password: password.join(":") }
}

function withoutSecrets(headers: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).filter(([name]) => !staysAtOrigin(name.toLowerCase())))
}

/** The same headers, as the caller wrote their names. */
function inSpellingOf(
  { headers }: InternalAxiosRequestConfig,
  byName: Readonly<Record<string, string>>,
): Record<string, string> {
  const spelled = new Map(Object.keys(headers).map((name) => [name.toLowerCase(), name]))
  return Object.fromEntries(Object.entries(byName).map(([name, value]) => [spelled.get(name) ?? name, value]))
}
