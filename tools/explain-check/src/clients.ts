import type { Auth } from "@countersign/auth-core"
import { withAuth as withAxiosAuth } from "@countersign/axios"
import { createFetch } from "@countersign/fetch"
import { withAuth as withGotAuth } from "@countersign/got"
import { withAuth as withKyAuth } from "@countersign/ky"
import { withAuth as withUndiciAuth } from "@countersign/undici"
import axios from "axios"
import got from "got"
import ky from "ky"
import { Agent, type Dispatcher, interceptors, request } from "undici"
import type { SentRequest } from "./mutations.ts"

/** Sends through a client. Returns the refusal as a program gets it, or `undefined` if the request was accepted. */
export type Send = (url: string, sent: SentRequest, auth: Auth) => Promise<unknown>

const hosts = { hosts: ["127.0.0.1"] }

export const CLIENTS: Readonly<Record<string, Send>> = {
  async axios(url, { method, headers, body }, auth) {
    const client = withAxiosAuth(axios.create(), auth, hosts)
    return failure(client.request({ url, method, ...(headers && { headers }), ...(body && { data: body }) }))
  },
  async got(url, { method, headers, body }, auth) {
    const client = withGotAuth(got, auth, hosts)
    return failure(client(url, { method, retry: { limit: 0 }, ...(headers && { headers }), ...(body && { body }) }))
  },
  async ky(url, { method, headers, body }, auth) {
    const client = withKyAuth(ky, auth, hosts)
    return failure(client(url, { method, retry: 0, ...(headers && { headers }), ...(body && { body }) }))
  },
  async fetch(url, { method, headers, body }, auth) {
    const response = await createFetch(auth, hosts)(url, { method, ...(headers && { headers }), ...(body && { body }) })
    return response.ok ? undefined : response
  },
  async undici(url, { method, headers, body }, auth) {
    return withAgent(auth, async (dispatcher) => {
      const response = await request(url, { dispatcher, method, ...(headers && { headers }), ...(body && { body }) })
      if (response.statusCode >= 400) return response
      await response.body.dump()
      return undefined
    })
  },
  async "undici that throws"(url, { method, headers, body }, auth) {
    return withAgent(auth, (agent) => {
      const dispatcher = agent.compose(interceptors.responseError())
      return failure(request(url, { dispatcher, method, ...(headers && { headers }), ...(body && { body }) }))
    })
  },
}

async function withAgent<T>(auth: Auth, work: (agent: Dispatcher) => PromiseLike<T>): Promise<T> {
  const agent: Dispatcher = new Agent()
  try {
    return await work(withUndiciAuth(agent, auth, hosts))
  } finally {
    void agent.close()
  }
}

function failure(sending: PromiseLike<unknown>): PromiseLike<unknown> {
  return sending.then(
    () => undefined,
    (error: unknown) => error,
  )
}
