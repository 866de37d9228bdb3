import { createIamGuard, type IamFetch, refuseClearProxy, toIamFetchResponse } from "@countersign/auth-core/adapter"
import type { BeforeRequestHook, Got } from "got"

/**
 * Makes calls to IAM through a got instance, with its agents and its proxy: for the option `fetch` of providers.
 *
 * The instance's own auth, prefix and search parameters are not used. Nothing is retried or followed. An agent whose proxy
 * would read the secrets, such as one for plain http to this machine, is refused with `AUTH_INSECURE_URL`.
 */
export function iamFetch(client: Got): IamFetch {
  return async (url, { method, headers, body, signal }) => {
    const target = new URL(url)
    if (target.protocol === "http:") {
      refuseClearProxy({ agent: client.defaults.options.agent.http }, target, createIamGuard(url))
    }
    // The instance's search parameters would replace those of the URL.
    const toWholeUrl: BeforeRequestHook = (options) => {
      options.url = url
    }
    const answer = await client(url, {
      method,
      headers,
      signal,
      ...(body === undefined ? undefined : { body }),
      prefixUrl: "",
      context: { countersign: false },
      followRedirect: false,
      throwHttpErrors: false,
      retry: { limit: 0 },
      cache: false,
      responseType: "text",
      resolveBodyOnly: false,
      hooks: { beforeRequest: [toWholeUrl] },
    })
    return toIamFetchResponse(answer.statusCode, answer.headers, async () => answer.body)
  }
}
