import type { Auth } from "../auth/auth.ts"
import { AuthError } from "../errors/auth-error.ts"

/**
 * The auth of one request: its own when it names one, else the client's; `undefined` when it asks for none.
 *
 * @throws {AuthError} `AUTH_INVALID_OPTION` when it names something else, `undefined` among it, or when there is no auth for
 * it at all: rather no request than one by the wrong customer.
 */
export type AuthForRequest = (request: object) => Auth | undefined

/**
 * Compiles the choice between a client's auth and that of a request.
 *
 * @param key under which a request names its own: an `Auth`, or `false` for none. Left out, the client's is used.
 * @param clients `false`: each request brings its own.
 * @throws {AuthError} `AUTH_INVALID_OPTION` when it is neither.
 */
export function createAuthForRequest(key: "auth" | "countersign", clients: Auth | false): AuthForRequest {
  const own = checked(clients, "The auth of a client must be")
  return (request) => {
    if (key in request) return checked(Reflect.get(request, key), `\`${key}\` must be left out, or be`)
    if (own !== undefined) return own
    throw invalid(`This client has no auth of its own, so each request must name one as \`${key}\`.`)
  }
}

/** @param rule how the message begins */
function checked(given: unknown, rule: string): Auth | undefined {
  if (given === false) return undefined
  const { authenticate, judge } = Object(given)
  if (typeof authenticate === "function" && typeof judge === "function") return given as Auth
  throw invalid(
    `${rule} \`false\` or an auth such as tokenAuth(...) gives, not ${given === null ? given : typeof given}.`,
  )
}

function invalid(message: string): AuthError {
  return new AuthError("AUTH_INVALID_OPTION", message)
}

/** An auth, and by what name caches know it. */
interface NamedAuth {
  readonly auth: object
  readonly name: string
}

/** By the function that authenticates. A client may hand on a copy of an auth, of which functions are what stays the same. */
const named = new WeakMap<object, NamedAuth[]>()

/**
 * The name by which a client's cache tells requests by whose they are. Random, since processes may share a cache, and no
 * secret; it lasts as long as the auth and the process.
 */
export function authName(given: unknown): string {
  // A value that is no auth is refused later.
  const auth: object = Object(given)
  const known = Object(Reflect.get(auth, "authenticate"))
  const alike = named.get(known) ?? []
  const found = alike.find((one) => isSame(one.auth, auth))
  if (found !== undefined) return found.name
  const name = Array.from(crypto.getRandomValues(new Uint32Array(4)), (part) => part.toString(36)).join("")
  named.set(known, [...alike, { auth, name }])
  return name
}

/** Whether two values are one, or copies of one as clients make them. */
function isSame(one: unknown, other: unknown): boolean {
  if (Object.is(one, other)) return true
  if (!isPlain(one) || !isPlain(other)) return false
  const keys = Object.keys(one)
  if (keys.length !== Object.keys(other).length) return false
  return keys.every((key) => isSame(Reflect.get(one, key), Reflect.get(other, key)))
}

function isPlain(value: unknown): value is object {
  return typeof value === "object" && value !== null && Object.getPrototypeOf(value) === Object.prototype
}
