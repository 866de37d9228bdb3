import { withAuth } from "@countersign/axios"
import axios from "axios"
import axiosRetry from "axios-retry"
import { type Connect, METHOD } from "./connect.ts"

export function axiosClient(adapter: "http" | "fetch"): Connect {
  return async ({ baseUrl, path, body, auth, hosts, retries }) => {
    const client = axios.create({ baseURL: baseUrl, adapter, validateStatus: (status) => status !== 503 })
    if (retries > 0)
      axiosRetry(client, { retries, retryDelay: () => 1, retryCondition: ({ response }) => response?.status === 503 })
    if (auth !== undefined) withAuth(client, auth, { hosts })
    const { status } = await client.request({
      method: METHOD,
      url: path,
      ...(body === undefined ? {} : { data: body }),
    })
    return status
  }
}
