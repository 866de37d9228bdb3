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
