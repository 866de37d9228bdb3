import { type Auth, createIamGuard, type IamFetch, toIamFetchResponse } from "@countersign/auth-core/adapter"
import type { AxiosInstance } from "axios"
import { adapterBeneath, authenticatingAdapter } from "./adapter.ts"

/**
 * Makes calls to IAM through an axios instance, with its agents and its proxy: for the option `fetch` of providers.
 *
 * The instance's own auth, base URL and params take no part. Nothing is retried or followed. A proxy that would read the
 * secrets is refused, as for any authenticated request.
 */
export function iamFetch(instance: AxiosInstance): IamFetch {
  return async (url, { method, headers, body, signal }) => {
    const auth = authBy(headers)
    const answer = await instance.request<string>({
      url,
      method,
      data: body,
      signal,
      adapter: authenticatingAdapter(adapterBeneath(instance.defaults.adapter), () => auth, createIamGuard(url)),
      baseURL: "",
      params: null,
      maxRedirects: 0,
      responseType: "text",
      transformRequest: [(data: unknown) => data],
      transformResponse: [(data: unknown) => data],
      validateStatus: () => true,
    })
    return toIamFetchResponse(answer.status, answer.headers, async () => answer.data)
  }
}

/** Sends the headers of a call to IAM as what they are, secrets. */
function authBy(headers: Readonly<Record<string, string>>): Auth {
  return {
    bodyLimit: () => undefined,
    authenticate: () => ({ headers, used: undefined }),
    judge: () => false,
  }
}
