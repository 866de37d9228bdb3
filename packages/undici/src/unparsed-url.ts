/** The parts of a parsed origin. */
export type Origin = Pick<URL, "origin" | "protocol" | "host" | "hostname" | "port">

/** A target that the URL parser keeps as it is. A segment that begins with a dot may be one that it removes. */
const NORMAL = /^(?:\/(?!\.)[\w.~!$&'()*,;=:@-]*)+(?:\?[\w.~!$&()*,;=:@/?%-]*)?$/

/**
 * Joins an origin and a target if the URL parser would change neither: then it need not be parsed, which saves 0.5 us a
 * request.
 *
 * @param target path and query
 * @returns `undefined` if the text must be parsed
 * @see WHATWG URL, "Path state" and "Query state"
 */
export function unparsedUrl(origin: Origin, target: string): URL | undefined {
  return NORMAL.test(target) ? new UnparsedUrl(origin, target) : undefined
}

class UnparsedUrl implements URL {
  readonly hash = ""
  readonly username = ""
  readonly password = ""
  readonly #origin: Origin
  readonly #target: string

  constructor(origin: Origin, target: string) {
    this.#origin = origin
    this.#target = target
  }

  get href(): string {
    return this.#origin.origin + this.#target
  }

  get origin(): string {
    return this.#origin.origin
  }

  get protocol(): string {
    return this.#origin.protocol
  }

  get host(): string {
    return this.#origin.host
  }

  get hostname(): string {
    return this.#origin.hostname
  }

  get port(): string {
    return this.#origin.port
  }

  get pathname(): string {
    return this.#target.slice(0, this.#queryAt)
  }

  get search(): string {
    const { length } = this.#target
    // A question mark alone is no query.
    return this.#queryAt < length - 1 ? this.#target.slice(this.#queryAt) : ""
  }

  get searchParams(): URLSearchParams {
    return new URLSearchParams(this.search)
  }

  toString(): string {
    return this.href
  }

  toJSON(): string {
    return this.href
  }

  get #queryAt(): number {
    const at = this.#target.indexOf("?")
    return at === -1 ? this.#target.length : at
  }
}
