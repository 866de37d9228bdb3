import { canonicalRequest, sign } from "@countersign/auth-core"

const KEY = { accessKeyId: "AKEXAMPLE0000000000A", secretAccessKey: "example-secret-access-key" }
const HOST = "vpc.ap-southeast-1.myhuaweicloud.com"

/** A request, and the answer of a gateway behind a proxy that wrote the space of its query as a plus. */
export function exampleRefusal(): { refusal: string; request: string } {
  const target = "/v1/0a1b2c3d4e5f60718293a4b5c6d7e8f9/vpcs?limit=10&marker=front%20end"
  const signed = { method: "GET", url: `https://${HOST}${target}` }
  const headers = sign(signed, KEY, { date: new Date("2026-11-29T10:00:00Z") })
  const arrived = canonicalRequest({ ...signed, url: signed.url.replace("%20", "+"), headers })
  const answer = {
    error_msg: `Incorrect IAM authentication information: verify aksk signature fail, canonicalRequest:${arrived.replaceAll("\n", "|")}`,
    error_code: "APIGW.0301",
    request_id: "6e2e1c1a0b6f4d0f8a3c5b7d9e1f2a3b",
  }
  const lines = Object.entries({ host: HOST, ...headers }).map(([name, value]) => `${name}: ${value}`)
  return {
    refusal: `HTTP/1.1 401 Unauthorized\ncontent-type: application/json\n\n${JSON.stringify(answer)}`,
    request: [`GET ${target} HTTP/1.1`, ...lines, "", ""].join("\n"),
  }
}
