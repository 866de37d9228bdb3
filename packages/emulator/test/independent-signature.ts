// Written from the signing guide with node:crypto alone, so that it is independent of the signer under test.
import { createHash, createHmac, hkdfSync } from "node:crypto"

export interface IndependentRequest {
  method?: string
  host: string
  /** Path and query on the wire. */
  target: string
  /** All of them are signed. */
  headers?: Record<string, string>
  body?: string | Uint8Array
}

export interface IndependentKey {
  accessKeyId: string
  secretAccessKey: string
  securityToken?: string | undefined
}

export interface IndependentAlgorithm {
  name?: "SDK-HMAC-SHA256" | "SDK-HMAC-SM3" | "V11-HMAC-SHA256"
  /** For V11-HMAC-SHA256. */
  region?: string
  service?: string
}

/** The headers to send, as `name: value` lines. */
export function independentHeaders(
  { method = "GET", host, target, headers = {}, body = "" }: IndependentRequest,
  { accessKeyId, secretAccessKey, securityToken }: IndependentKey,
  { name: algorithm = "SDK-HMAC-SHA256", region = "", service = "" }: IndependentAlgorithm = {},
): string[] {
  const hash = algorithm === "SDK-HMAC-SM3" ? "sm3" : "sha256"
  const hex = (data: string | Uint8Array): string => createHash(hash).update(data).digest("hex")
  const date = new Date().toISOString().replace(/[-:]|\.\d+/g, "")
  const sent = {
    ...headers,
    "X-Sdk-Date": date,
    ...(securityToken === undefined ? {} : { "X-Security-Token": securityToken }),
  }
  const signed = Object.entries({ ...sent, Host: host })
    .map(([name, value]) => [name.toLowerCase(), value.trim()] as const)
    .sort(([a], [b]) => (a < b ? -1 : 1))
  const names = signed.map(([name]) => name).join(";")
  const [path = "", query = ""] = target.split("?")
  const canonicalRequest = [
    method,
    `${path.split("/").map(recode).join("/")}/`.replace(/\/\/$/, "/"),
    query
      .split("&")
      .filter((pair) => pair !== "")
      .map((pair) => pair.split(/=(.*)/s).slice(0, 2))
      .map(([name = "", value = ""]) => [decodeURIComponent(name), decodeURIComponent(value)] as const)
      .sort(([a, x], [b, y]) => (a === b ? (x < y ? -1 : 1) : a < b ? -1 : 1))
      .map(([name, value]) => `${encode(name)}=${encode(value)}`)
      .join("&"),
    ...signed.map(([name, value]) => `${name}:${value}`),
    "",
    names,
    headers["X-Sdk-Content-Sha256"] ?? hex(body),
  ].join("\n")
  const scope = `${date.slice(0, 8)}/${region}/${service}`
  const derived = algorithm === "V11-HMAC-SHA256"
  const key = derived
    ? Buffer.from(hkdfSync("sha256", secretAccessKey, accessKeyId, scope, 32)).toString("hex")
    : secretAccessKey
  const stringToSign = [algorithm, date, ...(derived ? [scope] : []), hex(canonicalRequest)].join("\n")
  const signature = createHmac(hash, key).update(stringToSign).digest("hex")
  const who = derived ? `Credential=${accessKeyId}/${scope}` : `Access=${accessKeyId}`
  return [
    ...Object.entries(sent).map(([name, value]) => `${name}: ${value}`),
    `Authorization: ${algorithm} ${who}, SignedHeaders=${names}, Signature=${signature}`,
  ]
}

function recode(segment: string): string {
  return encode(decodeURIComponent(segment))
}

function encode(text: string): string {
  return encodeURIComponent(text).replace(/[!'()*]/g, (letter) => `%${letter.charCodeAt(0).toString(16).toUpperCase()}`)
}
