import { AuthError, isLoopback } from "@countersign/auth-core/adapter"
import type { ExplainedRequest } from "@countersign/auth-core/explain"
import type { IamFetch, LibraryFetch } from "@countersign/fetch"
import type { Dispatcher, Response as UndiciResponse } from "undici"
import { type ProxiedProtocol, proxyFault, proxySetting } from "./proxy-fault.ts"

export interface TransportOptions {
  /** Accepts any certificate of this machine's own servers. */
  readonly insecureLoopback?: boolean | undefined
  readonly connectTimeoutMs?: number | undefined
}

/** undici's fetch, whose answers have all parts. */
export type UndiciFetch = (...given: Parameters<LibraryFetch>) => Promise<UndiciResponse>

/**
 * Sends as curl does: HTTP_PROXY, HTTPS_PROXY and NO_PROXY count, and a GET may have a body.
 *
 * @throws {AuthError} `AUTH_INVALID_OPTION` when it sends, if the variable of the proxy holds no URL
 */
export interface Transport {
  readonly fetch: IamFetch & LibraryFetch
  /** A fetch that does not send some headers, which fetch would add on its own. */
  fetchWithout(names: readonly string[]): UndiciFetch
  /** The last request that was sent, to be explained. */
  lastRequest(): Partial<ExplainedRequest> | undefined
  close(): Promise<void>
}

interface SentInit {
  readonly method?: string | undefined
  readonly headers?: unknown
  readonly body?: unknown
}

export async function createTransport({
  insecureLoopback,
  connectTimeoutMs,
}: TransportOptions = {}): Promise<Transport> {
  const { Agent, EnvHttpProxyAgent, fetch } = await import("undici")
  const connect = connectTimeoutMs === undefined ? {} : { timeout: connectTimeoutMs }
  // No proxy stands between a program and its own machine.
  const local: Dispatcher = new Agent({ connect: { ...connect, rejectUnauthorized: insecureLoopback !== true } })
  const remote = new Map<ProxiedProtocol, Dispatcher>()
  const remoteOf = (protocol: ProxiedProtocol): Dispatcher => {
    const known = remote.get(protocol)
    if (known !== undefined) return known
    checkProxy(protocol)
    const proxy = proxySetting(process.env, protocol)?.value ?? ""
    // Without a proxy for https undici would take that for http.
    const proxies = protocol === "https:" ? { httpProxy: "", httpsProxy: proxy } : { httpProxy: proxy, httpsProxy: "" }
    const made = new EnvHttpProxyAgent({ connect, ...proxies })
    remote.set(protocol, made)
    return made
  }
  const dispatcherOf = (url: string | URL): Dispatcher =>
    isLoopbackUrl(url) ? local : remoteOf(new URL(url).protocol === "http:" ? "http:" : "https:")
  let last: Partial<ExplainedRequest> | undefined
  const sendWithout =
    (names: readonly string[]) =>
    async (input: string | URL, init: SentInit = {}): ReturnType<typeof fetch> => {
      const { method = "GET", headers, body } = init
      last = {
        method,
        url: input,
        headers: headers as ExplainedRequest["headers"],
        body: body as ExplainedRequest["body"],
      }
      // fetch refuses such a body, so it sends a POST, which gets its own method back behind fetch.
      const isBodied = /^(?:GET|HEAD)$/.test(method) && body !== undefined && body !== null
      const dispatcher = dispatcherOf(input)
      const changed =
        isBodied || names.length > 0 ? dispatcher.compose(sendAs(isBodied ? method : undefined, names)) : dispatcher
      return await fetch(input, { ...(init as object), method: isBodied ? "POST" : method, dispatcher: changed })
    }
  return {
    fetch: sendWithout([]),
    fetchWithout: sendWithout,
    lastRequest: () => last,
    async close() {
      await Promise.all([...remote.values(), local].map((dispatcher) => dispatcher.close()))
    },
  }
}

function checkProxy(protocol: ProxiedProtocol): void {
  const fault = proxyFault(process.env, protocol)
  if (fault !== undefined) throw new AuthError("AUTH_INVALID_OPTION", `${fault.name} ${fault.text}. ${fault.fix}`)
}

/** @param names of headers that are left out, in lower case */
function sendAs(method: string | undefined, names: readonly string[]): Dispatcher.DispatcherComposeInterceptor {
  return (dispatch) => (options, handler) => {
    const headers = new Headers(options.headers as Record<string, string>)
    for (const name of names) headers.delete(name)
    const changed = { ...options, headers: Object.fromEntries(headers) }
    return dispatch(method === undefined ? changed : { ...changed, method: method as Dispatcher.HttpMethod }, handler)
  }
}

export function isLoopbackUrl(url: string | URL): boolean {
  return isLoopback(new URL(url).hostname)
}
