import { isLoopback } from "@countersign/auth-core/adapter"
import type { IamFetch, LibraryFetch } from "@countersign/fetch"
import type { Dispatcher } from "undici"

export interface TransportOptions {
  /** Accepts any certificate of this machine's own servers. */
  readonly insecureLoopback?: boolean | undefined
  readonly connectTimeoutMs?: number | undefined
}

/** Sends as curl does: HTTP_PROXY, HTTPS_PROXY and NO_PROXY count. */
export interface Transport {
  readonly fetch: IamFetch & LibraryFetch
  /** A fetch that does not send some headers, which fetch would add on its own. */
  fetchWithout(names: readonly string[]): LibraryFetch
  close(): Promise<void>
}

export async function createTransport({
  insecureLoopback,
  connectTimeoutMs,
}: TransportOptions = {}): Promise<Transport> {
  const { Agent, EnvHttpProxyAgent, fetch } = await import("undici")
  const connect = connectTimeoutMs === undefined ? {} : { timeout: connectTimeoutMs }
  const remote: Dispatcher = new EnvHttpProxyAgent({ connect })
  // No proxy stands between a program and its own machine.
  const local: Dispatcher = new Agent({ connect: { ...connect, rejectUnauthorized: insecureLoopback !== true } })
  const sendBy =
    (by: (dispatcher: Dispatcher) => Dispatcher) =>
    (input: string | URL, init?: object): ReturnType<typeof fetch> =>
      fetch(input, { ...init, dispatcher: by(isLoopbackUrl(input) ? local : remote) })
  return {
    fetch: sendBy((dispatcher) => dispatcher),
    fetchWithout: (names) => sendBy((dispatcher) => dispatcher.compose(leaveOut(names))),
    async close() {
      await Promise.all([remote.close(), local.close()])
    },
  }
}

/** The names are in lower case. */
function leaveOut(names: readonly string[]): Dispatcher.DispatcherComposeInterceptor {
  return (dispatch) => (options, handler) => {
    const headers = new Headers(options.headers as Record<string, string>)
    for (const name of names) headers.delete(name)
    return dispatch({ ...options, headers: Object.fromEntries(headers) }, handler)
  }
}

export function isLoopbackUrl(url: string | URL): boolean {
  return isLoopback(new URL(url).hostname)
}
