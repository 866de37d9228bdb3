import type { Auth, GuardOptions } from "@countersign/fetch"

/** How a runtime's program calls one client. Without `auth` the client runs without this library. */
export interface CallOptions {
  readonly baseUrl: string
  readonly path: string
  readonly body: unknown
  readonly isJson: boolean
  readonly auth: Auth | undefined
  readonly isHttp2: boolean
  /** The URL of a proxy, with user and password. */
  readonly proxy: string | undefined
  /** The hosts that may see credentials. */
  readonly guard: GuardOptions
  /** How often the client itself retries a 503. */
  readonly retries: number
}

/** Sends one POST and returns the status of the answer. */
export type Connect = (options: CallOptions) => Promise<number>

export const METHOD = "PUT"

export function jsonInit({ body, isJson }: CallOptions): { body?: BodyInit; headers?: Record<string, string> } {
  if (body === undefined) return {}
  return isJson
    ? { body: JSON.stringify(body), headers: { "content-type": "application/json" } }
    : { body: body as BodyInit }
}
