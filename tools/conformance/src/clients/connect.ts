import type { Auth, GuardOptions } from "@countersign/fetch"

/** How a runtime's program calls one client; `auth` absent: as it is without this library. */
export interface CallOptions {
  readonly baseUrl: string
  readonly path: string
  readonly body: unknown
  readonly isJson: boolean
  readonly auth: Auth | undefined
  readonly isHttp2: boolean
  /** The URL of a proxy to go through, with user and password. */
  readonly proxy: string | undefined
  /** Who may see credentials. */
  readonly guard: GuardOptions
  /** How often the client itself tries again after a 503. */
  readonly retries: number
}

/** Sends one POST and gives the status of the answer. */
export type Connect = (options: CallOptions) => Promise<number>

export const METHOD = "PUT"

export function jsonInit({ body, isJson }: CallOptions): { body?: BodyInit; headers?: Record<string, string> } {
  if (body === undefined) return {}
  return isJson
    ? { body: JSON.stringify(body), headers: { "content-type": "application/json" } }
    : { body: body as BodyInit }
}
