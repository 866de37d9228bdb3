type PlatformFetch = typeof globalThis.fetch

/**
 * The init of the platform's fetch, with the runtime's additions to the standard. Bun's types add an overload to
 * those of Node.
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

/** The parts of a response that this library reads. */
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

/** Whether a host, as `URL` spells it, never leaves this machine. */
export function isLoopback(hostname: string): boolean {
  return /^(?:(?:.+\.)?localhost|\[::1\]|127(?:\.\d{1,3}){3})$/.test(hostname)
}

/** Whether a value can be sent in a header as it is: one or more visible ASCII characters, no space. */
export function isHeaderText(value: unknown): value is string {
  return typeof value === "string" && /^[\x21-\x7e]+$/.test(value)
}
