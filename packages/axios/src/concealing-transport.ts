import type { ClientRequest, IncomingMessage, RequestOptions } from "node:http"
import { conceal } from "@countersign/auth-core"

/** What axios' http adapter sends through: Node's http and https modules, or the caller's own. */
export interface Transport {
  request(options: RequestOptions, onResponse: (response: IncomingMessage) => void): ClientRequest
}

/**
 * A transport that sends as axios' http adapter does by itself, and hides the native request and its connection from
 * inspection: every header is written down on both, and the caller's agent keeps connections.
 *
 * @param own the caller's, which then sends.
 * @param url for the name of the answer, where users look for it.
 * @param timeoutMs counts from here to the answer, as in axios by default; Node alone counts silence, once connected.
 */
export function concealingTransport(own: Transport | undefined, url: URL, timeoutMs: number): Transport {
  const transport = own ?? nativeTransport(url, timeoutMs)
  return {
    request(options, onResponse) {
      const request = transport.request(options, onResponse)
      concealRequest(request)
      request.once("socket", concealConnection)
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
      if (timeoutMs > 0 && timeoutMs < 2 ** 31) {
        const timer = setTimeout(() => request.emit("timeout"), timeoutMs)
        for (const event of ["response", "error", "close"]) request.once(event, () => clearTimeout(timer))
      }
      return request
    },
  }
}

/** It may be one that is kept, from an earlier request. */
function concealConnection(socket: object): void {
  if (!Object.hasOwn(socket, "toJSON")) conceal(socket, "[connection]")
}

/** Makes a native request, of whatever kind, show what it is for and no more. */
export function concealRequest(request: unknown): void {
  if (typeof request !== "object" || request === null) return
  if (Object.hasOwn(request, "toJSON") || !Object.isExtensible(request)) return
  const { method, host, path, url } = request as Record<string, unknown>
  conceal(request, url === undefined ? { method, host, path } : { method, url })
}
