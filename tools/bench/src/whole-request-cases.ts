import { Agent } from "node:http"
import type { AxiosInstance, CreateAxiosDefaults } from "axios"
import type { Got } from "got"
import type { KyInstance } from "ky"
import type { Dispatcher } from "undici"
import { credentials, parts } from "./example-request.ts"

export type ClientName = "axios" | "got" | "ky" | "fetch" | "undici"
export type CaseName = "bare" | "tokenByHand" | "akskByHand" | "token" | "aksk" | "aws4Axios" | "official" | "aws4fetch"

/** Sends one request and reads its answer. */
export type Send = () => Promise<unknown>
/** Sets a client up for an origin, and loads only the code of this case. */
type Case = (origin: string) => Promise<Send>
type Cases = { readonly [Name in CaseName]?: Case } & { readonly bare: Case }

const { headers, path } = parts
const target = `${path}?${new URLSearchParams(parts.query)}`
const region = "cn-north-4"
const service = "execute-api"
/** As long as IAM's tokens are. */
const tokenValue = "MIIabc".repeat(250)
const tokenByHand = { ...headers, "x-auth-token": tokenValue }
const options = { hosts: ["127.0.0.1"] }
const connections = { keepAlive: true, maxSockets: 64 }

/** Each client with its usual setup and kept connections, without and with auth. */
export const wholeRequestCases: Readonly<Record<ClientName, Cases>> = {
  axios: {
    bare: async (origin) => byAxios(await axiosFor(origin)),
    tokenByHand: async (origin) => byAxios(await axiosFor(origin), tokenByHand),
    akskByHand: async (origin) => byAxios(await axiosFor(origin), await signedByHand()),
    async token(origin) {
      const { tokenAuth, withAuth } = await import("@countersign/axios")
      return byAxios(withAuth(await axiosFor(origin), tokenAuth(freshToken()), options))
    },
    async aksk(origin) {
      const { akskAuth, withAuth } = await import("@countersign/axios")
      return byAxios(withAuth(await axiosFor(origin), akskAuth(credentials), options))
    },
    async aws4Axios(origin) {
      const { aws4Interceptor } = await import("aws4-axios")
      const client = await axiosFor(origin)
      client.interceptors.request.use(aws4Interceptor({ options: { region, service }, credentials }) as never)
      return byAxios(client)
    },
    async official(origin) {
      const { officialCredential, officialSigner } = await import("./official-signer.ts")
      const client = await axiosFor(origin)
      const signer = officialSigner()
      client.interceptors.request.use((config) => {
        const { origin, pathname, searchParams } = new URL(config.url ?? "", config.baseURL)
        const request = {
          endpoint: origin + pathname,
          method: config.method?.toUpperCase(),
          queryParams: Object.fromEntries(searchParams),
          headers: { ...headers, "content-type": "application/json" },
        }
        for (const [name, value] of Object.entries(signer.sign(request, officialCredential)))
          config.headers.set(name, value)
        return config
      })
      return byAxios(client)
    },
  },
  got: {
    bare: async (origin) => byGot(await gotWithAgent(), origin),
    tokenByHand: async (origin) => byGot(await gotWithAgent(), origin, tokenByHand),
    akskByHand: async (origin) => byGot(await gotWithAgent(), origin, await signedByHand()),
    async token(origin) {
      const { tokenAuth, withAuth } = await import("@countersign/got")
      return byGot(withAuth(await gotWithAgent(), tokenAuth(freshToken()), options), origin)
    },
    async aksk(origin) {
      const { akskAuth, withAuth } = await import("@countersign/got")
      return byGot(withAuth(await gotWithAgent(), akskAuth(credentials), options), origin)
    },
  },
  ky: {
    bare: async (origin) => byKy((await import("ky")).default, origin),
    tokenByHand: async (origin) => byKy((await import("ky")).default, origin, tokenByHand),
    akskByHand: async (origin) => byKy((await import("ky")).default, origin, await signedByHand()),
    async token(origin) {
      const { tokenAuth, withAuth } = await import("@countersign/ky")
      return byKy(withAuth((await import("ky")).default, tokenAuth(freshToken()), options), origin)
    },
    async aksk(origin) {
      const { akskAuth, withAuth } = await import("@countersign/ky")
      return byKy(withAuth((await import("ky")).default, akskAuth(credentials), options), origin)
    },
  },
  fetch: {
    bare: async (origin) => byFetch(fetch, origin),
    tokenByHand: async (origin) => byFetch(fetch, origin, tokenByHand),
    akskByHand: async (origin) => byFetch(fetch, origin, await signedByHand()),
    async token(origin) {
      const { createFetch, tokenAuth } = await import("@countersign/fetch")
      return byFetch(createFetch(tokenAuth(freshToken()), options), origin)
    },
    async aksk(origin) {
      const { akskAuth, createFetch } = await import("@countersign/fetch")
      return byFetch(createFetch(akskAuth(credentials), options), origin)
    },
    async aws4fetch(origin) {
      const { AwsClient } = await import("aws4fetch")
      const aws = new AwsClient({ ...credentials, region, service })
      return byFetch((url, init) => aws.fetch(url, init), origin)
    },
  },
  undici: {
    bare: async (origin) => byUndici(await undiciAgent(), origin),
    tokenByHand: async (origin) => byUndici(await undiciAgent(), origin, tokenByHand),
    akskByHand: async (origin) => byUndici(await undiciAgent(), origin, await signedByHand()),
    async token(origin) {
      const { tokenAuth, withAuth } = await import("@countersign/undici")
      return byUndici(withAuth(await undiciAgent(), tokenAuth(freshToken()), options), origin)
    },
    async aksk(origin) {
      const { akskAuth, withAuth } = await import("@countersign/undici")
      return byUndici(withAuth(await undiciAgent(), akskAuth(credentials), options), origin)
    },
  },
}

async function axiosFor(baseURL: string): Promise<AxiosInstance> {
  const { default: axios } = await import("axios")
  const defaults: CreateAxiosDefaults = { baseURL, httpAgent: new Agent(connections) }
  return axios.create(defaults)
}

function byAxios(client: AxiosInstance, own = headers): Send {
  return async () => (await client.get(target, { headers: own })).data
}

async function gotWithAgent(): Promise<Got> {
  const { default: got } = await import("got")
  return got.extend({ agent: { http: new Agent(connections) } })
}

function byGot(client: Got, origin: string, own = headers): Send {
  return async () => client.get(origin + target, { headers: own }).json()
}

function byKy(client: KyInstance, origin: string, own = headers): Send {
  return async () => client.get(origin + target, { headers: own }).json()
}

function byFetch(
  send: (url: string, init: { headers: Record<string, string> }) => Promise<Response>,
  origin: string,
  own = headers,
): Send {
  return async () => (await send(origin + target, { headers: own })).json()
}

async function undiciAgent(): Promise<Dispatcher> {
  const { Agent } = await import("undici")
  return new Agent({ connections: connections.maxSockets })
}

async function byUndici(dispatcher: Dispatcher, origin: string, own = headers): Promise<Send> {
  const { request } = await import("undici")
  return async () => (await request(origin + target, { headers: own, dispatcher })).body.json()
}

/** Signed once, so that only the cost of its bytes on the wire counts. */
async function signedByHand(): Promise<typeof headers> {
  const { sign } = await import("@countersign/auth-core")
  return { ...headers, ...sign({ method: "GET", url: parts.origin + target, headers }, credentials) }
}

function freshToken(): { value: string; issuedAt: number; expiresAt: number } {
  return { value: tokenValue, issuedAt: Date.now(), expiresAt: Date.now() + 24 * 3_600_000 }
}
