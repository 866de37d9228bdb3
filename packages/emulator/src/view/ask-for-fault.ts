import { memberAt, textAt } from "@countersign/auth-core/adapter"
import type { Json } from "../iam/json.ts"
import { Refusal } from "../refusal.ts"
import type { FaultOptions, Faults, FaultTarget } from "../state/faults.ts"

/** The functions of `faults`, each called with a JSON object of its arguments by name. */
const KINDS: Readonly<Record<keyof Omit<Faults, "reset">, (faults: Faults, body: Json) => unknown>> = {
  delay: (faults, body) => faults.delay(argument(body, "ms"), optionsOf(body)),
  status: (faults, body) =>
    faults.status(argument(body, "status"), {
      ...optionsOf(body),
      retryAfterSeconds: argument(body, "retryAfterSeconds"),
    }),
  serviceRefusal: (faults, body) => faults.serviceRefusal(argument(body, "service"), optionsOf(body)),
  throttle: (faults, body) =>
    faults.throttle(argument(body, "requests"), { target: targetOf(body), perMs: argument(body, "perMs") }),
  dropConnection: (faults, body) => faults.dropConnection(optionsOf(body)),
  redirect: (faults, body) =>
    faults.redirect(argument(body, "to"), { ...optionsOf(body), status: argument(body, "status") }),
  revokeToken: (faults, body) => faults.revokeToken(argument(body, "value")),
  rotateKey: (faults, body) => {
    const { accessKeyId, secretAccessKey } = faults.rotateKey(argument(body, "accessKeyId"))
    return { accessKeyId, secretAccessKey }
  },
  revokeKey: (faults, body) => faults.revokeKey(argument(body, "accessKeyId")),
  changePassword: (faults, body) => faults.changePassword(argument(body, "user"), argument(body, "password")),
  disableUser: (faults, body) => faults.disableUser(argument(body, "user"), argument(body, "disabled")),
  lock: (faults, body) => faults.lock(argument(body, "who")),
  unlock: (faults, body) => faults.unlock(argument(body, "who")),
  clockOffset: (faults, body) => faults.clockOffset(argument(body, "ms")),
  metadata: (faults, body) => faults.metadata(argument(body, "mode")),
}

/**
 * Requests the fault of `kind`, and returns its result.
 *
 * @throws {Refusal} 400 for an unknown kind
 * @throws {AuthError} `AUTH_INVALID_OPTION` for a malformed argument
 */
export function askForFault(faults: Faults, body: Json): unknown {
  const kind = textAt(body, "kind") ?? ""
  if (!isKind(kind)) throw new Refusal(400, { error: `\`kind\` must be one of ${Object.keys(KINDS).join(", ")}.` })
  return KINDS[kind](faults, body)
}

function isKind(word: string): word is keyof typeof KINDS {
  return Object.hasOwn(KINDS, word)
}

/** An argument, by its name. Its type is a claim only: the functions of `faults` check what they are given. */
function argument<T>(body: Json, name: string): T {
  return memberAt(body, name) as T
}

function optionsOf(body: Json): FaultOptions {
  return { target: targetOf(body), times: argument(body, "times") }
}

/** JSON has no regular expressions: `{ "pattern": "…" }` is one. */
function targetOf(body: Json): FaultTarget | undefined {
  const pattern = textAt(memberAt(body, "target"), "pattern")
  return pattern === undefined ? argument(body, "target") : regularExpression(pattern)
}

function regularExpression(pattern: string): RegExp {
  try {
    return new RegExp(pattern)
  } catch {
    throw new Refusal(400, { error: "`target.pattern` must be a regular expression." })
  }
}
