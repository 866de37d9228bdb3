import type { IamFetchResponse } from "../runtime/fetch.ts"

/** One round trip to IAM or STS, ready to send. */
export interface IamRequest {
  readonly method: "GET" | "POST" | "PUT"
  /** Path and query, finished. */
  readonly path: string
  readonly headers?: Readonly<Record<string, string>> | undefined
  /** Sent as JSON. */
  readonly body?: object | undefined
  /** What must not appear in anything thrown. */
  readonly secrets: readonly string[]
  /** What is being done, for messages: "Asking IAM for ...". */
  readonly action: string
  /** What to do when the answer has this status, where the request knows better than the general advice. */
  readonly advice?: Readonly<Partial<Record<400 | 401 | 403 | 404, string>>> | undefined
}

/** What came back, whatever the status. */
export interface IamAnswer {
  readonly status: number
  readonly headers: IamFetchResponse["headers"]
  readonly text: string
  /** Clock of the server by its Date header, epoch ms. */
  readonly serverTime: number | undefined
}

/** The body as it goes on the wire. */
export function payloadOf({ body }: IamRequest): string | undefined {
  return body === undefined ? undefined : JSON.stringify(body)
}
