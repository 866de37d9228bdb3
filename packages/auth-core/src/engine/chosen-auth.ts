import type { Auth } from "../auth/auth.ts"
import { AuthError } from "../errors/auth-error.ts"

/**
 * The auth of one request: its own when it names one, else the client's; `undefined` when it asks for none.
 *
 * @param own what the request says, unchecked: an `Auth`, `false`, or nothing.
 * @throws {AuthError} `AUTH_INVALID_OPTION` when it is anything else: rather no request than one by the wrong customer.
 */
export function chosenAuth(own: unknown, auth: Auth): Auth | undefined {
  if (own === false) return undefined
  const chosen = own === undefined ? auth : own
  if (isAuth(chosen)) return chosen
  throw new AuthError(
    "AUTH_INVALID_OPTION",
    `The auth of a request must be one, such as tokenAuth(...) gives, or \`false\` for none, not ${chosen === null ? "null" : typeof chosen}.`,
  )
}

function isAuth(value: unknown): value is Auth {
  const { authenticate, judge } = Object(value)
  return typeof authenticate === "function" && typeof judge === "function"
}
