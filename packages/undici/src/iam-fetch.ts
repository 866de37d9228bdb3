import type { IamFetch } from "@countersign/auth-core"
import type { Dispatcher } from "undici"
import type { AuthDispatchOptions } from "./auth-interceptor.ts"

/**
 * Makes calls to IAM through a dispatcher, such as a ProxyAgent: for the option `fetch` of providers. The dispatcher's own
 * auth takes no part.
 */
export function iamFetch(dispatcher: Dispatcher): IamFetch {
  return async (url, { method, headers, body, signal }) => {
    const { origin, pathname, search } = new URL(url)
    const without: AuthDispatchOptions = { countersign: false }
    const options = { origin, path: pathname + search, method, headers, signal, body: body ?? null, ...without }
    const answer = await dispatcher.request(options)
    const header = (name: string): string | null => {
      const value = answer.headers[name]
      return typeof value === "string" ? value : null
    }
    return { status: answer.statusCode, headers: { get: header }, text: () => answer.body.text() }
  }
}
