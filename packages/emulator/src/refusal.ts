import { randomBytes } from "node:crypto"
import type { Context } from "hono"
import type { ContentfulStatusCode, StatusCode } from "hono/utils/http-status"

/** Requested faults may have such a status. */
const HAVE_NO_BODY: ReadonlySet<number> = new Set([204, 205, 304])

/** An answer that a route throws to end at once. */
export class Refusal extends Error {
  readonly status: number
  readonly body: object
  readonly headers: Readonly<Record<string, string>>

  constructor(status: number, body: object, headers: Readonly<Record<string, string>> = {}) {
    super(`${status} ${JSON.stringify(body)}`)
    this.status = status
    this.body = body
    this.headers = headers
  }

  /** The same, with further headers. */
  with(headers: Readonly<Record<string, string>>): Refusal {
    return new Refusal(this.status, this.body, { ...this.headers, ...headers })
  }

  answer(context: Context): Response {
    if (HAVE_NO_BODY.has(this.status)) return context.body(null, this.status as StatusCode, this.headers)
    return context.json(this.body, this.status as ContentfulStatusCode, this.headers)
  }
}

/** The shape of Keystone's routes, /v3. */
export function keystoneError(status: number, message: string, title = TITLES[status] ?? "Error"): Refusal {
  return new Refusal(status, { error: { code: status, message, title } })
}

/** The shape of IAM's newer routes. */
export function iamError(status: number, code: string, message: string): Refusal {
  return new Refusal(status, { error_msg: message, error_code: code })
}

/** The shape of the gateway, with the request id that it also sends as a header. */
export function gatewayError(status: number, code: string, message: string): GatewayRefusal {
  return new GatewayRefusal(status, code, message, requestId())
}

/** A refusal by the gateway, or by a service behind it. */
export class GatewayRefusal extends Refusal {
  /** Its `error_msg`. */
  readonly verdict: string

  constructor(status: number, code: string, message: string, id: string) {
    super(status, { error_code: code, error_msg: message, request_id: id }, { "x-request-id": id })
    this.verdict = message
  }
}

/** A new id for X-Request-Id. */
export function requestId(): string {
  return randomBytes(16).toString("hex")
}

const TITLES: Readonly<Record<number, string>> = {
  400: "Bad Request",
  401: "Unauthorized",
  403: "Forbidden",
  404: "Not Found",
  413: "Request Entity Too Large",
  429: "Too Many Requests",
  500: "Internal Server Error",
  503: "Service Unavailable",
}

/** A time as IAM writes it: UTC, six decimals. */
export function iamTime(time: number): string {
  return new Date(time).toISOString().replace("Z", "000Z")
}
