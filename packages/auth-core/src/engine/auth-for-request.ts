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
  const own = checked(clients, "A client needs an auth, such as tokenAuth(...) gives, or `false`")
  return (request) => {
    if (key in request) {
      return checked(
        Reflect.get(request, key),
        `\`${key}\` must be an auth, such as tokenAuth(...) gives, or \`false\`, or left out`,
      )
    }
    if (own !== undefined) return own
    throw invalid(`This client has no auth of its own, so each request must name one as \`${key}\`.`)
  }
}

function checked(given: unknown, rule: string): Auth | undefined {
  if (given === false) return undefined
  const { authenticate, judge } = Object(given)
  if (typeof authenticate === "function" && typeof judge === "function") return given as Auth
  throw invalid(`${rule}, not ${given === null ? "null" : typeof given}.`)
}

function invalid(message: string): AuthError {
  return new AuthError("AUTH_INVALID_OPTION", message)
}
