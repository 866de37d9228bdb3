import type { IamFetchResponse } from "../runtime/fetch.ts"

/** One round trip to IAM or STS, ready to send. */
export interface IamRequest {
  readonly method: "GET" | "POST" | "PUT"
  /** Path and query, encoded. */
  readonly path: string
  readonly headers?: Readonly<Record<string, string>> | undefined
  /** Sent as JSON. */
  readonly body?: object | undefined
  /** The texts that must not appear in an error. */
  readonly secrets: readonly string[]
  /** The action, for messages: "Asking IAM for ...". */
  readonly action: string
  /** The remedy for a status, where the request knows better than the general advice. */
  readonly advice?: Readonly<Partial<Record<400 | 401 | 403 | 404, string>>> | undefined
}

/** An answer with any status. */
export interface IamAnswer {
  readonly status: number
  readonly headers: IamFetchResponse["headers"]
  readonly text: string
  /** The time of the server's clock by its Date header, epoch ms. */
  readonly serverTime: number | undefined
}

/** The body as it goes on the wire. */
export function payloadOf({ body }: IamRequest): string | undefined {
  return body === undefined ? undefined : JSON.stringify(body)
}
