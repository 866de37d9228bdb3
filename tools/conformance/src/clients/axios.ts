import { withAuth } from "@countersign/axios"
import axios, { type AxiosProxyConfig } from "axios"
import axiosRetry from "axios-retry"
import { type Connect, METHOD } from "./connect.ts"

export function axiosClient(adapter: "http" | "fetch"): Connect {
  return async ({ baseUrl, path, body, auth, guard, retries, isHttp2, proxy }) => {
    const client = axios.create({
      baseURL: baseUrl,
      adapter,
      validateStatus: (status) => status !== 503,
      ...(isHttp2 ? { httpVersion: 2 } : {}),
      ...(proxy === undefined ? {} : { proxy: proxyOption(new URL(proxy)) }),
    })
    if (retries > 0)
      axiosRetry(client, { retries, retryDelay: () => 1, retryCondition: ({ response }) => response?.status === 503 })
    if (auth !== undefined) withAuth(client, auth, guard)
    const { status } = await client.request({
      method: METHOD,
      url: path,
      ...(body === undefined ? {} : { data: body }),
    })
    return status
  }
}

function proxyOption({ hostname, port, username, password }: URL): AxiosProxyConfig {
  return { protocol: "http", host: hostname, port: Number(port), auth: { username, password } }
}
