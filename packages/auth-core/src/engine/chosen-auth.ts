import type { Auth } from "../auth/auth.ts"
import { AuthError } from "../errors/auth-error.ts"

/**
 * The auth of one request: its own when it names one, else the client's; `undefined` when it asks for none.
 *
 * @throws {AuthError} `AUTH_INVALID_OPTION` when it names something else, `undefined` among it, or when there is no auth for
 * it at all: rather no request than one by the wrong customer.
 */
export type ChooseAuth = (request: object) => Auth | undefined

/**
 * Compiles the choice between a client's auth and that of a request.
 *
 * @param key under which a request names its own: an `Auth`, or `false` for none. Left out, the client's is used.
 * @param clients `false`: each request brings its own.
 * @throws {AuthError} `AUTH_INVALID_OPTION` when it is neither.
 */
export function createAuthChooser(key: "auth" | "countersign", clients: Auth | false): ChooseAuth {
  if (clients !== false && !isAuth(clients)) {
    throw invalid(`A client takes ${AN_AUTH}, or \`false\` when each request brings its own, not ${kindOf(clients)}.`)
  }
  return (request) => {
    if (key in request) return ownAuth(key, Reflect.get(request, key))
    if (clients !== false) return clients
    throw invalid(
      `This client has no auth of its own, and the request brings none: give it as \`${key}\`, or \`false\` to send without.`,
    )
  }
}

const AN_AUTH = "an auth, such as tokenAuth(...) gives"

function ownAuth(key: string, own: unknown): Auth | undefined {
  if (own === false) return undefined
  if (isAuth(own)) return own
  const cure = own === undefined ? ": leave the key out to use the client's own" : ""
  throw invalid(`\`${key}\` of a request is ${AN_AUTH}, or \`false\` for none, not ${kindOf(own)}${cure}.`)
}

function isAuth(value: unknown): value is Auth {
  const { authenticate, judge } = Object(value)
  return typeof authenticate === "function" && typeof judge === "function"
}

function kindOf(value: unknown): string {
  return value === null ? "null" : typeof value
}

function invalid(message: string): AuthError {
  return new AuthError("AUTH_INVALID_OPTION", message)
}
