import { createHash } from "node:crypto"
import { Agent, type IncomingMessage, request } from "node:http"
import { type Credentials, type SignOptions, sign } from "@countersign/auth-core"

/** A request to a service, signed unless it says otherwise. */
export interface ServiceCall {
  /** @default "GET" */
  method?: string | undefined
  path: string
  headers?: Readonly<Record<string, string>> | undefined
  body?: string | Uint8Array | undefined
  /** The body that is sent in place of the one that was signed. */
  forgedBody?: string | Uint8Array | undefined
  /** Sends the body in chunks, without its length. */
  isChunked?: boolean | undefined
  /** Signs a header with the hash of the body. */
  isHashed?: boolean | undefined
  /** `false` for no signature. */
  sign?: SignOptions | false | undefined
  credentials?: Credentials | undefined
  /** The origin to sign for, if it is not the one that is called. */
  signedOrigin?: string | undefined
  /** The path to sign, if it is not the one that is called. */
  signedPath?: string | undefined
  /** The method to sign, if it is not the one that is sent. */
  signedMethod?: string | undefined
}

export interface ServiceAnswer {
  status: number
  headers: IncomingMessage["headers"]
  text: string
  // biome-ignore lint/suspicious/noExplicitAny: a test knows what it asked for
  json: any
}

export const serviceKey = {
  accessKeyId: "AKSERVICE0123456789X",
  secretAccessKey: "secret-key-of-the-service-suite-012345",
}

/** The headers of a call, signed. */
export function serviceHeaders(origin: string, call: ServiceCall): Record<string, string> {
  const { method = "GET", path, body, isHashed = false, credentials = serviceKey } = call
  const hashed = isHashed
    ? {
        "x-sdk-content-sha256": createHash("sha256")
          .update(body ?? "")
          .digest("hex"),
      }
    : undefined
  const headers = { ...call.headers, ...hashed }
  if (call.sign === false) return headers
  const target = (call.signedOrigin ?? origin) + (call.signedPath ?? path)
  // The signer takes the hash of the header for that of a body which it does not see, however large.
  const signedBody = isHashed ? null : (body ?? null)
  const request = { method: call.signedMethod ?? method, url: target, headers, body: signedBody }
  const signed = sign(request, credentials, call.sign ?? {})
  return { ...headers, ...signed }
}

/** Calls a service over connections that stay open. */
export function serviceClient(): { call(origin: string, call: ServiceCall): Promise<ServiceAnswer>; close(): void } {
  const agent = new Agent({ keepAlive: true, maxSockets: 64 })
  return {
    close: () => agent.destroy(),
    call: (origin, call) =>
      new Promise((resolve, reject) => {
        const { method = "GET", path, isChunked = false } = call
        const body = call.forgedBody ?? call.body
        const bytes = body === undefined ? undefined : Buffer.from(body)
        const framing: Record<string, string> = isChunked
          ? { "transfer-encoding": "chunked" }
          : { "content-length": String(bytes?.length ?? 0) }
        const headers = { ...serviceHeaders(origin, call), ...(bytes && framing) }
        const { hostname, port } = new URL(origin)
        // The path goes out as it is: a URL would change some.
        const sending = request({ hostname, port, path, method, headers, agent })
        sending.on("error", reject).on("response", (response) => {
          const chunks: Buffer[] = []
          response.on("data", (chunk: Buffer) => chunks.push(chunk)).on("error", reject)
          response.on("end", () => {
            const text = Buffer.concat(chunks).toString()
            const isJson = /json/.test(response.headers["content-type"] ?? "")
            const json: unknown = isJson && text !== "" ? JSON.parse(text) : undefined
            resolve({ status: response.statusCode ?? 0, headers: response.headers, text, json })
          })
        })
        // In pieces, as large bodies come.
        for (let start = 0; bytes !== undefined && start < bytes.length; start += 100_000) {
          sending.write(bytes.subarray(start, start + 100_000))
        }
        sending.end()
      }),
  }
}
