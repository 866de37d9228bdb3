import { AuthError } from "../errors/auth-error.ts"
import type { ContentHashHeader } from "./algorithm.ts"
import { UNSIGNED_PAYLOAD } from "./payload.ts"
import { createHeaderPlan, type HeaderPlan } from "./signed-headers.ts"

/**
 * Signs what is chosen in place of what is signed by default; and always x-sdk-date, the security token of the credentials,
 * and a content hash header that leaves the payload out.
 *
 * @throws {AuthError} `AUTH_INVALID_OPTION` when a name is none, or is Authorization.
 */
export function chosenHeaderPlan(contentHashHeader: ContentHashHeader, chosen: readonly string[]): HeaderPlan {
  const plan = createHeaderPlan(contentHashHeader, chosen)
  const names = new Set(chosen.map((name) => name.toLowerCase()))
  return {
    ...plan,
    keepChosen(values, payload, hasSecurityToken) {
      for (const [position, name] of plan.selection.names.entries()) {
        const isAlways =
          position === plan.date ||
          (position === plan.securityToken && hasSecurityToken) ||
          (position === plan.contentHash && payload === UNSIGNED_PAYLOAD)
        if (!names.has(name) && !isAlways) values[position] = undefined
        else if (values[position] === undefined) throw missing(name)
      }
    },
  }
}

function missing(name: string): AuthError {
  return new AuthError(
    "AUTH_INVALID_REQUEST",
    `The header ${name} is to be signed, but the request has none: add it, or leave it out of \`signedHeaders\`.`,
  )
}
