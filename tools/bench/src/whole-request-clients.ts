import { Agent } from "node:http"
import type { Auth } from "@countersign/auth-core"
import { credentials, parts } from "./example-request.ts"
import { officialCredential, officialSigner } from "./official-signer.ts"

export type ClientName = "axios" | "got" | "ky" | "fetch" | "undici"
export type CaseName = "bare" | "byHand" | "token" | "aksk" | "aws4Axios" | "official" | "aws4fetch"

/** Sends one request and reads its answer. */
type Send = () => Promise<unknown>
export type Cases = { [Name in CaseName]?: Send } & { bare: Send }

const { headers, path } = parts
const target = `${path}?${new URLSearchParams(parts.query)}`
const region = "cn-north-4"
const service = "execute-api"
/** As long as IAM's tokens are. */
const tokenValue = "MIIabc".repeat(250)
const byHand = { ...headers, "x-auth-token": tokenValue }
const options = { hosts: ["127.0.0.1"] }
const connections = { keepAlive: true, maxSockets: 64 }

/** Each client as its users set it up, with connections that are kept, bare and with auth. */
export const clients: Readonly<Record<ClientName, (origin: string) => Promise<Cases>>> = {
  async axios(origin) {
    const { default: axios } = await import("axios")
    const { aws4Interceptor } = await import("aws4-axios")
    const { akskAuth, tokenAuth, withAuth } = await import("@countersign/axios")
    const create = () => axios.create({ baseURL: origin, httpAgent: new Agent(connections) })
    const bare = create()
    const aws4 = create()
    aws4.interceptors.request.use(aws4Interceptor({ options: { region, service }, credentials }) as never)
    const official = create()
    const signer = officialSigner()
    official.interceptors.request.use((config) => {
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
    const get = (client: ReturnType<typeof create>, own = headers) => {
      return async () => (await client.get(target, { headers: own })).data
    }
    return {
      bare: get(bare),
      byHand: get(bare, byHand),
      token: get(withAuth(create(), token(tokenAuth), options)),
      aksk: get(withAuth(create(), akskAuth(credentials), options)),
      aws4Axios: get(aws4),
      official: get(official),
    }
  },
  async got(origin) {
    const { default: got } = await import("got")
    const { akskAuth, tokenAuth, withAuth } = await import("@countersign/got")
    const create = () => got.extend({ agent: { http: new Agent(connections) } })
    const bare = create()
    const get = (client: ReturnType<typeof create>, own = headers) => {
      return async () => client.get(origin + target, { headers: own }).json()
    }
    return {
      bare: get(bare),
      byHand: get(bare, byHand),
      token: get(withAuth(create(), token(tokenAuth), options)),
      aksk: get(withAuth(create(), akskAuth(credentials), options)),
    }
  },
  async ky(origin) {
    const { default: ky } = await import("ky")
    const { akskAuth, tokenAuth, withAuth } = await import("@countersign/ky")
    const get = (client: typeof ky, own = headers) => {
      return async () => client.get(origin + target, { headers: own }).json()
    }
    return {
      bare: get(ky),
      byHand: get(ky, byHand),
      token: get(withAuth(ky, token(tokenAuth), options)),
      aksk: get(withAuth(ky, akskAuth(credentials), options)),
    }
  },
  async fetch(origin) {
    const { AwsClient } = await import("aws4fetch")
    const { akskAuth, createFetch, tokenAuth } = await import("@countersign/fetch")
    const aws = new AwsClient({ ...credentials, region, service })
    const get = (
      send: (url: string, init: { headers: Record<string, string> }) => Promise<Response>,
      own = headers,
    ) => {
      return async () => (await send(origin + target, { headers: own })).json()
    }
    return {
      bare: get(fetch),
      byHand: get(fetch, byHand),
      token: get(createFetch(token(tokenAuth), options)),
      aksk: get(createFetch(akskAuth(credentials), options)),
      aws4fetch: get((url, init) => aws.fetch(url, init)),
    }
  },
  async undici(origin) {
    const { Agent, request } = await import("undici")
    const { akskAuth, tokenAuth, withAuth } = await import("@countersign/undici")
    const create = () => new Agent({ connections: connections.maxSockets })
    const bare = create()
    const get = (dispatcher: ReturnType<typeof create>, own = headers) => {
      return async () => (await request(origin + target, { headers: own, dispatcher })).body.json()
    }
    return {
      bare: get(bare),
      byHand: get(bare, byHand),
      token: get(withAuth(create(), token(tokenAuth), options)),
      aksk: get(withAuth(create(), akskAuth(credentials), options)),
    }
  },
}

function token(tokenAuth: (token: { value: string; issuedAt: number; expiresAt: number }) => Auth): Auth {
  return tokenAuth({ value: tokenValue, issuedAt: Date.now(), expiresAt: Date.now() + 24 * 3_600_000 })
}
