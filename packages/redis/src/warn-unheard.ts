import { warn } from "@countersign/auth-core/adapter"

let hasWarned = false

/** Warns once in a process that no notices come, and why. */
export function warnUnheard(reason: string): void {
  if (hasWarned) return
  hasWarned = true
  const message =
    `The store on Redis hears no changes of other processes (${reason}). Until it does, waiting processes ask it ` +
    "every 1 to 2 seconds. If the user of the store has an ACL, give it the rights that the documentation of @countersign/redis names."
  warn("COUNTERSIGN_UNHEARD", message)
}

/** Messages of clients may hold commands, so only the kind of an error is shown, such as `NOPERM` or `ECONNREFUSED`. */
export function kindOf(reason: unknown): string {
  if (!(reason instanceof Error)) return typeof reason
  if ("code" in reason && typeof reason.code === "string") return reason.code
  return /^[A-Z]+(?= )/.exec(reason.message)?.[0] ?? reason.name
}
