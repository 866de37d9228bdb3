import type { ClientRequest, IncomingMessage, RequestOptions } from "node:http"
import { LONGEST_TIMER_MS, maskSecrets, sendSecrets } from "@countersign/auth-core"

/** What axios' http adapter sends through: Node's http and https modules, or the caller's own. */
export interface Transport {
  request(options: RequestOptions, onResponse: (response: IncomingMessage) => void): ClientRequest
}

type HeadersByName = Readonly<Record<string, string>>

/**
 * A transport that sends as axios' http adapter does by itself, and keeps secrets off the native request, its connection
 * and the caller's agent.
 *
 * @param own the caller's, which then sends. It is given all headers.
 * @param url for the name of the answer, where users look for it.
 * @param added what the auth adds, by lower-case name.
 * @param timeoutMs counts from here to the answer, as in axios by default; Node alone counts silence, once connected.
 */
export function maskingTransport(
  own: Transport | undefined,
  url: URL,
  added: HeadersByName,
  timeoutMs: number,
): Transport {
  const native = nativeTransport(url, timeoutMs)
  return {
    request(options, onResponse) {
      const headers = options.headers as Record<string, unknown>
      const secrets = maskSecrets(headers, added)
      if (own === undefined) {
        const request = native.request(options, onResponse)
        sendSecrets(request, secrets)
        return request
      }
      Object.assign(headers, secrets)
      const request = own.request(options, onResponse)
      maskSecrets(headers, added)
      // A transport that follows redirects makes more requests, which get none.
      const made = request as { _currentRequest?: unknown }
      sendSecrets(made._currentRequest ?? request, secrets)
      return request
    },
  }
}

function nativeTransport(url: URL, timeoutMs: number): Transport {
  return {
    request(options, onResponse) {
      const { request: send } = process.getBuiltinModule(options.protocol === "https:" ? "node:https" : "node:http")
      const request = send(options, (response) => {
        Object.assign(response, { responseUrl: url.href })
        onResponse(response)
      })
      // A longer timer would run out at once.
      if (timeoutMs > 0 && timeoutMs <= LONGEST_TIMER_MS) {
        const timer = setTimeout(() => request.emit("timeout"), timeoutMs)
        for (const event of ["response", "error", "close"]) request.once(event, () => clearTimeout(timer))
      }
      return request
    },
  }
}
