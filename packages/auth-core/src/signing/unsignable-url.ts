import { AuthError } from "../errors/auth-error.ts"

/** @param fault goes on from "The URL to sign". */
export function unsignableUrl(fault: string): AuthError {
  return new AuthError("AUTH_INVALID_REQUEST", `The URL to sign ${fault}: give it as it goes on the wire.`)
}
