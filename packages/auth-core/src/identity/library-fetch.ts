import type { FetchInit } from "./fetch.ts"

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
