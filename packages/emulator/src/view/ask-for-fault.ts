import { memberAt, textAt } from "@countersign/auth-core/adapter"
import type { Json } from "../iam/json.ts"
import { Refusal } from "../refusal.ts"
import { SERVICE_REFUSAL_NAMES } from "../service-refusals.ts"
import type { FaultOptions, Faults, FaultTarget, Lockable } from "../state/faults.ts"
import { numberAt, oneOfAt, optionalNumberAt, requiredTextAt } from "./input-at.ts"

/** The functions of `faults`, each called with a JSON object of its arguments by name. */
const KINDS: Readonly<Record<keyof Omit<Faults, "reset">, (faults: Faults, body: Json) => unknown>> = {
  delay: (faults, body) => faults.delay(numberAt(body, "ms", 0), optionsOf(body)),
  status: (faults, body) =>
    faults.status(statusOf(body), {
      ...optionsOf(body),
      retryAfterSeconds: optionalNumberAt(body, "retryAfterSeconds", 0),
    }),
  serviceRefusal: (faults, body) =>
    faults.serviceRefusal(oneOfAt(body, "service", SERVICE_REFUSAL_NAMES), optionsOf(body)),
  throttle: (faults, body) =>
    faults.throttle(numberAt(body, "requests", 0), {
      target: targetOf(body),
      perMs: optionalNumberAt(body, "perMs", 1),
    }),
  dropConnection: (faults, body) => faults.dropConnection(optionsOf(body)),
  redirect: (faults, body) =>
    faults.redirect(requiredTextAt(body, "to"), {
      ...optionsOf(body),
      status: memberAt(body, "status") === undefined ? undefined : oneOfAt(body, "status", [301, 302, 303, 307, 308]),
    }),
  revokeToken: (faults, body) => faults.revokeToken(textAt(body, "value")),
  rotateKey: (faults, body) => {
    const { accessKeyId, secretAccessKey } = faults.rotateKey(requiredTextAt(body, "accessKeyId"))
    return { accessKeyId, secretAccessKey }
  },
  revokeKey: (faults, body) => faults.revokeKey(requiredTextAt(body, "accessKeyId")),
  changePassword: (faults, body) =>
    faults.changePassword({ id: requiredTextAt(body, "id") }, requiredTextAt(body, "password")),
  disableUser: (faults, body) =>
    faults.disableUser({ id: requiredTextAt(body, "id") }, memberAt(body, "disabled") !== false),
  lock: (faults, body) => faults.lock(lockableOf(body)),
  unlock: (faults, body) => faults.unlock(lockableOf(body)),
  clockOffset: (faults, body) => faults.clockOffset(numberAt(body, "ms")),
  metadata: (faults, body) =>
    faults.metadata(oneOfAt(body, "mode", ["token optional", "token required", "no tokens", "no agency"])),
}

/**
 * Requests the fault of `kind`, and returns its result.
 *
 * @throws {Refusal} 400 for an unknown kind or a malformed argument
 */
export function askForFault(faults: Faults, body: Json): unknown {
  const kind = textAt(body, "kind") ?? ""
  if (!isKind(kind)) throw new Refusal(400, { error: `\`kind\` must be one of ${Object.keys(KINDS).join(", ")}.` })
  return KINDS[kind](faults, body)
}

function isKind(word: string): word is keyof typeof KINDS {
  return Object.hasOwn(KINDS, word)
}

function optionsOf(body: Json): FaultOptions {
  const times = optionalNumberAt(body, "times", 1)
  if (times !== undefined && !Number.isInteger(times))
    throw new Refusal(400, { error: "`times` must be a whole number, 1 or more." })
  return { target: targetOf(body), times }
}

function statusOf(body: Json): number {
  const status = numberAt(body, "status", 200)
  if (Number.isInteger(status) && status <= 599) return status
  throw new Refusal(400, { error: "`status` must be a whole number from 200 to 599." })
}

/** A part, the beginning of a path, or `{ "pattern": "…" }` for a regular expression. */
function targetOf(body: Json): FaultTarget | undefined {
  const target = memberAt(body, "target")
  if (target === undefined) return undefined
  const pattern = textAt(target, "pattern")
  if (pattern !== undefined) return regularExpression(pattern)
  if (typeof target === "string" && isPath(target)) return target
  return oneOfAt(body, "target", ["all", "gateway", "iam", "metadata"])
}

function isPath(text: string): text is `/${string}` {
  return text.startsWith("/")
}

function regularExpression(pattern: string): RegExp {
  try {
    return new RegExp(pattern)
  } catch {
    throw new Refusal(400, { error: "`target.pattern` must be a regular expression." })
  }
}

function lockableOf(body: Json): Lockable {
  const accessKeyId = textAt(body, "accessKeyId")
  return accessKeyId === undefined ? { id: requiredTextAt(body, "id") } : { accessKeyId }
}
