import type { FetchInit } from "./fetch.ts"

/** What a fetch takes beside the URL, but for what libraries have classes of their own for. */
export interface LibraryFetchInit extends Omit<FetchInit, "body" | "dispatcher" | "headers"> {
  headers?: [name: string, value: string][] | Record<string, string>
  body?: string | ArrayBuffer | null
}

/** What is read of an answer. */
export interface LibraryResponse {
  readonly status: number
  readonly headers: { get(name: string): string | null }
}

/**
 * A fetch of the platform or of a library, such as npm's undici. The classes of each are its own, so the type names none: what
 * the caller gives, such as a Request or a form, is passed on in kind.
 */
export type LibraryFetch = (input: string | URL, init?: LibraryFetchInit) => Promise<LibraryResponse>
