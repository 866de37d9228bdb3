import { type Auth, withAuth as axiosWithAuth } from "@countersign/axios"
import { withAuth as fetchWithAuth } from "@countersign/fetch"
import { withAuth as gotWithAuth } from "@countersign/got"
import { withAuth as kyWithAuth } from "@countersign/ky"
import axios from "axios"
import got from "got"
import ky from "ky"

/** One call, independent of any client. */
export interface Call {
  method: "GET" | "POST" | "PUT"
  path: string
  body?: string | Uint8Array
}

export type Send = (call: Call) => Promise<number>

/** Each client with its usual setup, one base URL and an auth. Returns the status of the answer. */
export const clients: Readonly<Record<string, (baseUrl: string, auth: Auth) => Send>> = {
  axios(baseUrl, auth) {
    const client = axiosWithAuth(
      axios.create({ baseURL: baseUrl, validateStatus: () => true, maxBodyLength: Number.POSITIVE_INFINITY }),
      auth,
    )
    return async ({ method, path, body }) =>
      (await client.request({ method, url: path, ...(body === undefined ? {} : { data: body }) })).status
  },
  got(baseUrl, auth) {
    const client = gotWithAuth(got.extend({ prefixUrl: baseUrl, throwHttpErrors: false, retry: { limit: 0 } }), auth)
    return async ({ method, path, body }) =>
      (await client(path.slice(1), { method, ...(body === undefined ? {} : { body }) })).statusCode
  },
  ky(baseUrl, auth) {
    const client = kyWithAuth(ky.create({ prefix: baseUrl, throwHttpErrors: false, retry: 0 }), auth)
    return async ({ method, path, body }) =>
      (await client(path.slice(1), { method, ...(body === undefined ? {} : { body: body as BodyInit }) })).status
  },
  fetch(baseUrl, auth) {
    const client = fetchWithAuth(fetch, auth, { hosts: [new URL(baseUrl).host] })
    return async ({ method, path, body = null }) =>
      (await client(baseUrl + path, { method, body: body as BodyInit | null })).status
  },
}
