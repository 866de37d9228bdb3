// Each client calls the service, and so do the official Node SDK and curl.
import { execFile } from "node:child_process"
import { createRequire } from "node:module"
import { promisify } from "node:util"
import { withAuth as axiosWithAuth } from "@countersign/axios"
import { akskAuth, createFetch } from "@countersign/fetch"
import { withAuth as gotWithAuth } from "@countersign/got"
import { withAuth as kyWithAuth } from "@countersign/ky"
import { authInterceptor } from "@countersign/undici"
import axios from "axios"
import got from "got"
import ky from "ky"
import { Agent, request } from "undici"

/** An access key of a caller. */
export interface Key {
  accessKeyId: string
  secretAccessKey: string
}

/** Calls the service: posts an order if there is one, else lists the orders. Returns status and parsed answer. */
export type Caller = (origin: string, key: Key, order?: object) => Promise<{ status: number; answer: unknown }>

const PATH = "/v1/orders"
const hosts = ["127.0.0.1"]
const run = promisify(execFile)

export const callers: Readonly<Record<string, Caller>> = {
  async axios(origin, key, order) {
    const client = axiosWithAuth(axios.create({ validateStatus: () => true }), akskAuth(key), { hosts })
    const { status, data } = order ? await client.post(origin + PATH, order) : await client.get(origin + PATH)
    return { status, answer: data }
  },

  async got(origin, key, order) {
    const client = gotWithAuth(got.extend({ throwHttpErrors: false, responseType: "json" }), akskAuth(key), { hosts })
    const { statusCode, body } = order
      ? await client.post(origin + PATH, { json: order })
      : await client.get(origin + PATH)
    return { status: statusCode, answer: body }
  },

  async ky(origin, key, order) {
    const client = kyWithAuth(ky.create({ throwHttpErrors: false }), akskAuth(key), { hosts })
    const response = order ? await client.post(origin + PATH, { json: order }) : await client.get(origin + PATH)
    return { status: response.status, answer: await response.json() }
  },

  async fetch(origin, key, order) {
    const authFetch = createFetch(akskAuth(key), { hosts })
    const headers = { "content-type": "application/json" }
    const init = order ? { method: "POST", headers, body: JSON.stringify(order) } : {}
    const response = await authFetch(origin + PATH, init)
    return { status: response.status, answer: await response.json() }
  },

  async undici(origin, key, order) {
    const dispatcher = new Agent().compose(authInterceptor(akskAuth(key), { hosts }))
    const headers = { "content-type": "application/json" }
    const { statusCode, body } = await request(origin + PATH, {
      dispatcher,
      ...(order ? { method: "POST", headers, body: JSON.stringify(order) } : {}),
    })
    return { status: statusCode, answer: await body.json() }
  },

  async "official SDK"(origin, key, order) {
    const credentials = new sdk.GlobalCredentials().withAk(key.accessKeyId).withSk(key.secretAccessKey)
    const client = new sdk.ClientBuilder((given) => given, "GlobalCredentials")
      .withCredential(credentials.withDomainId("0123456789"))
      .withEndpoint(origin)
      .build()
    try {
      const { httpStatusCode, ...answer } = await client.sendRequest({
        method: order ? "POST" : "GET",
        url: PATH,
        contentType: "application/json",
        queryParams: {},
        pathParams: {},
        headers: order ? { "content-type": "application/json" } : {},
        data: order ?? {},
      })
      return { status: httpStatusCode, answer }
    } catch (error) {
      const { httpStatusCode, errorCode } = error as { httpStatusCode: number; errorCode: string }
      return { status: httpStatusCode, answer: { error_code: errorCode } }
    }
  },

  async curl(origin, key, order) {
    const body = order ? ["--data", JSON.stringify(order), "--header", "content-type: application/json"] : []
    const command = ["sign", order ? "POST" : "GET", origin + PATH, ...body, "--host", "127.0.0.1", "--curl"]
    const env = { ...process.env, HUAWEICLOUD_SDK_AK: key.accessKeyId, HUAWEICLOUD_SDK_SK: key.secretAccessKey }
    const { stdout: signed } = await run(process.execPath, [cli, ...command], { env })
    const { stdout } = await run("sh", ["-c", `${signed.trim()} --silent --write-out '\\n%{http_code}'`])
    const [answer = "", status] = stdout.split("\n")
    return { status: Number(status), answer: JSON.parse(answer) }
  },
}

interface SdkCredentials {
  withAk(ak: string): this
  withSk(sk: string): this
  withDomainId(id: string): this
}
interface SdkClient {
  sendRequest(options: object): Promise<Record<string, unknown> & { httpStatusCode: number }>
}
interface SdkBuilder {
  withCredential(credentials: SdkCredentials): this
  withEndpoint(endpoint: string): this
  build(): SdkClient
}

// The types of the official SDK need all its dependencies, so only the used part is declared here.
const require = createRequire(import.meta.url)
const sdk = {
  ...(require("@huaweicloud/huaweicloud-sdk-core/ClientBuilder") as object),
  ...(require("@huaweicloud/huaweicloud-sdk-core/auth/GlobalCredentials") as object),
} as {
  GlobalCredentials: new () => SdkCredentials
  ClientBuilder: new (init: (client: SdkClient) => SdkClient, kind?: string) => SdkBuilder
}
// It prints requests that are refused, with their headers.
const log4js = require("log4js") as { configure(options: object): void }
log4js.configure({
  appenders: { out: { type: "stdout" } },
  categories: { default: { appenders: ["out"], level: "off" } },
})
const cli = require.resolve("@countersign/cli/package.json").replace("package.json", "dist/main.js")
