import { AuthError } from "../errors/auth-error.ts"
import type { ContentHashHeader } from "./algorithm.ts"
import { UNSIGNED_PAYLOAD } from "./payload.ts"
import { createHeaderPlan, type HeaderPlan } from "./signed-headers.ts"

/**
 * The plan for what a request chooses to sign, or the usual one where it leaves that open. The last choice is kept, since
 * requests in a row mostly choose alike.
 */
export function headerPlans(
  contentHashHeader: ContentHashHeader,
  usual: HeaderPlan,
): (chosen: readonly string[] | undefined) => HeaderPlan {
  let last: { names: readonly string[]; plan: HeaderPlan } | undefined
  return (chosen) => {
    if (chosen === undefined) return usual
    if (last === undefined || !isSameList(last.names, chosen)) {
      const plan = chosenHeaderPlan(contentHashHeader, chosen)
      last = { names: [...chosen], plan }
    }
    return last.plan
  }
}

function isSameList(a: readonly string[], b: readonly string[]): boolean {
  return Array.isArray(b) && a.length === b.length && a.every((name, index) => name === b[index])
}

/**
 * Signs what is chosen in place of what is signed by default; and always x-sdk-date, the security token of the credentials,
 * and a content hash header that leaves the payload out.
 *
 * @throws {AuthError} `AUTH_INVALID_OPTION` when a name is none, or is Authorization.
 */
function chosenHeaderPlan(contentHashHeader: ContentHashHeader, chosen: readonly string[]): HeaderPlan {
  const plan = createHeaderPlan(contentHashHeader, chosen)
  const { names } = plan.selection
  const lowerCase = new Set(chosen.map((name) => name.toLowerCase()))
  const isChosen = names.map((name) => lowerCase.has(name))
  return {
    ...plan,
    keepChosen(values, payload, hasSecurityToken) {
      for (let position = 0; position < names.length; position++) {
        const isAlways =
          position === plan.date ||
          (position === plan.securityToken && hasSecurityToken) ||
          (position === plan.contentHash && payload === UNSIGNED_PAYLOAD)
        if (!isChosen[position] && !isAlways) values[position] = undefined
        else if (values[position] === undefined) throw missing(names[position])
      }
    },
  }
}

function missing(name: string | undefined): AuthError {
  return new AuthError(
    "AUTH_INVALID_REQUEST",
    `The header ${name} is to be signed, but the request has none: add it, or leave it out of \`signedHeaders\`.`,
  )
}
