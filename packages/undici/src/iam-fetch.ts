import { createIamGuard, type IamFetch, refuseProxied, toIamFetchResponse } from "@countersign/auth-core/adapter"
import type { Dispatcher } from "undici"
import type { AuthDispatchOptions } from "./auth-interceptor.ts"

const CURE = "use https, or list the host in NO_PROXY"

/**
 * Makes calls to IAM through a dispatcher, such as a ProxyAgent: for the option `fetch` of providers. The dispatcher's own
 * auth is not used.
 *
 * A proxy that would read the secrets, such as one for plain http to this machine, is refused with `AUTH_INSECURE_URL`.
 */
export function iamFetch(dispatcher: Dispatcher): IamFetch {
  return async (url, { method, headers, body, signal }) => {
    const target = new URL(url)
    const { origin, pathname, search } = target
    refuseProxied(dispatcher, target, createIamGuard(url), CURE)
    const without: AuthDispatchOptions = { countersign: false }
    const options = { origin, path: pathname + search, method, headers, signal, body: body ?? null, ...without }
    const answer = await dispatcher.request(options)
    return toIamFetchResponse(answer.statusCode, answer.headers, () => answer.body.text())
  }
}
