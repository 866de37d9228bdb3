import type { LibraryResponse } from "./library-fetch.ts"

/** A call to IAM. */
export interface IamFetchInit {
  readonly method: "GET" | "POST" | "PUT"
  readonly headers: Record<string, string>
  /** JSON; absent where there is none. */
  readonly body?: string
  /** IAM's redirects are not followed: they would carry secrets elsewhere. */
  readonly redirect: "manual"
  readonly signal: AbortSignal
}

/** The parts of an answer that are read. */
export interface IamFetchResponse extends LibraryResponse {
  /** A web stream is read no further than an answer of IAM can be long; anything else through `text`. */
  readonly body?: unknown
  text(): Promise<string>
}

/** Makes one round trip to IAM. The fetch of the platform, of undici and of node-fetch all fit. */
export type IamFetch = (url: string, init: IamFetchInit) => Promise<IamFetchResponse>
