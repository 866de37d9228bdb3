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
 * @param url for the name of the answer, where users look for it.
 * @param timeoutMs counts from here to the answer, as in axios by default; Node alone counts silence, once connected.
 */
export function concealingTransport(own: Transport | undefined, url: URL, timeoutMs: number): Transport {
  return {
    request(options, onResponse) {
      const request = (own ?? nativeTransport(options)).request(options, (response) => {
        Object.assign(response, { responseUrl: url.href })
        onResponse(response)
      })
      concealRequest(request)
      request.once("socket", (socket) => conceal(socket, "[connection]"))
      if (own === undefined && timeoutMs > 0) {
        const timer = setTimeout(() => request.emit("timeout"), timeoutMs)
        for (const event of ["response", "error", "close"]) request.once(event, () => clearTimeout(timer))
      }
      return request
    },
  }
}

/** Makes a native request, of whatever kind, show what it is for and no more. */
export function concealRequest(request: unknown): void {
  if (typeof request !== "object" || request === null) return
  const { method, host, path, url } = request as Record<string, unknown>
  conceal(request, url === undefined ? { method, host, path } : { method, url })
}

function nativeTransport({ protocol }: RequestOptions): Transport {
  return process.getBuiltinModule(protocol === "https:" ? "node:https" : "node:http")
}
