/** What a call to IAM is made of. */
export interface IamFetchInit {
  readonly method: "GET" | "POST" | "PUT"
  readonly headers: Record<string, string>
  /** JSON; absent where there is none. */
  readonly body?: string
  /** IAM's redirects are not followed: they would carry secrets elsewhere. */
  readonly redirect: "manual"
  readonly signal: AbortSignal
}

/** What is read of an answer. */
export interface IamFetchResponse {
  readonly status: number
  readonly headers: { get(name: string): string | null }
  /** A web stream is read no further than an answer of IAM can be long; anything else through `text`. */
  readonly body?: unknown
  text(): Promise<string>
}

/** Makes one round trip to IAM. The fetch of the platform, of undici and of node-fetch all fit. */
export type IamFetch = (url: string, init: IamFetchInit) => Promise<IamFetchResponse>
