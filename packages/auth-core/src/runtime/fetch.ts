type PlatformFetch = typeof globalThis.fetch

/**
 * The init of the platform's fetch, with the runtime's additions to the standard. Bun declares its own fetch beside that of
 * Node's types.
 */
export type FetchInit = PlatformFetch extends {
  (input: never, init?: infer First): unknown
  (input: never, init?: infer Second): unknown
}
  ? NonNullable<First & Second>
  : NonNullable<Parameters<PlatformFetch>[1]>

/** A function that is called like the platform's fetch. It needs none of that fetch's other members. */
export type Fetch = (input: string | URL | Request, init?: FetchInit) => Promise<Response>

/** The init of a fetch, without the members for which each library has its own classes. */
export interface LibraryFetchInit extends Omit<FetchInit, "body" | "dispatcher" | "headers"> {
  /** As pairs or by name. */
  headers?: [name: string, value: string][] | Record<string, string>
  /** Text or bytes; `null` for none. */
  body?: string | ArrayBuffer | null
}

/** The parts of a response that are read. */
export interface LibraryResponse {
  /** HTTP status. */
  readonly status: number
  /** Gives the value of a header, whatever the case of its name. */
  readonly headers: { get(name: string): string | null }
}

/**
 * A fetch of the platform or of a library, such as npm's undici. Each has its own classes, so the type names none. The
 * caller's values, such as a Request or a form, are passed on in kind.
 */
export type LibraryFetch = (input: string | URL, init?: LibraryFetchInit) => Promise<LibraryResponse>

/** A call to IAM. */
export interface IamFetchInit {
  /** HTTP method. */
  readonly method: "GET" | "POST" | "PUT"
  /** By name. They hold secrets. */
  readonly headers: Record<string, string>
  /** JSON, if there is a body. */
  readonly body?: string
  /** IAM's redirects are not followed: they would carry secrets elsewhere. */
  readonly redirect: "manual"
  /** Ends the call when its time is over. */
  readonly signal: AbortSignal
}

/** The parts of a response that are read. */
export interface IamFetchResponse extends LibraryResponse {
  /** A web stream is read up to the longest valid response of IAM. Any other body is read through `text`. */
  readonly body?: unknown
  /** The whole body as text. */
  text(): Promise<string>
}

/** Makes one round trip to IAM. The fetch of the platform, of undici and of node-fetch all fit. */
export type IamFetch = (url: string, init: IamFetchInit) => Promise<IamFetchResponse>

/** A response of IAM, made from that of a Node client, whose headers are keyed by lower-case name. */
export function toIamFetchResponse(status: number, headers: object, text: () => Promise<string>): IamFetchResponse {
  const header = (name: string): string | null => {
    const value: unknown = Reflect.get(headers, name)
    return typeof value === "string" ? value : null
  }
  return { status, headers: { get: header }, text }
}

/** Whether a host, as `URL` spells it, never leaves this machine. */
export function isLoopback(hostname: string): boolean {
  return /^(?:(?:.+\.)?localhost|\[::1\]|127(?:\.\d{1,3}){3})$/.test(hostname)
}
