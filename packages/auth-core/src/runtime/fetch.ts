type PlatformFetch = typeof globalThis.fetch

/**
 * The init of the platform's fetch, with what the runtime adds to the standard: Bun declares its own fetch
 * beside the one of Node's types.
 */
export type FetchInit = PlatformFetch extends {
  (input: never, init?: infer First): unknown
  (input: never, init?: infer Second): unknown
}
  ? NonNullable<First & Second>
  : NonNullable<Parameters<PlatformFetch>[1]>

/** A function that is called as the platform's fetch is, whatever else that has in this runtime. */
export type Fetch = (input: string | URL | Request, init?: FetchInit) => Promise<Response>

/** The init of a fetch, without the members for which libraries have classes of their own. */
export interface LibraryFetchInit extends Omit<FetchInit, "body" | "dispatcher" | "headers"> {
  headers?: [name: string, value: string][] | Record<string, string>
  body?: string | ArrayBuffer | null
}

/** The parts of an answer that are read. */
export interface LibraryResponse {
  readonly status: number
  readonly headers: { get(name: string): string | null }
}

/**
 * A fetch of the platform or of a library, such as npm's undici. The classes of each are its own, so the type names none: what
 * the caller gives, such as a Request or a form, is passed on in kind.
 */
export type LibraryFetch = (input: string | URL, init?: LibraryFetchInit) => Promise<LibraryResponse>

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

/** An answer of IAM as clients of Node have it, with headers by lower-case name. */
export function toIamFetchResponse(status: number, headers: object, text: () => Promise<string>): IamFetchResponse {
  const header = (name: string): string | null => {
    const value: unknown = Reflect.get(headers, name)
    return typeof value === "string" ? value : null
  }
  return { status, headers: { get: header }, text }
}
