/** The members of an init from which a Request is made. */
const REQUEST_MEMBERS = [
  "body",
  "cache",
  "credentials",
  "duplex",
  "headers",
  "integrity",
  "keepalive",
  "method",
  "mode",
  "priority",
  "redirect",
  "referrer",
  "referrerPolicy",
  "signal",
  "window",
] as const

/** Of undici alone. */
const MEMBERS = [...REQUEST_MEMBERS, "dispatcher"]

/**
 * The members of an init in a plain object. Each is read once, and as the platform reads it: through the prototype, so that
 * a Request, an object with getters, or one that inherits will do.
 *
 * @param except what is not fetch's own.
 */
export function initMembers(init: object, except: string): RequestInit {
  const members: Record<string, unknown> = {}
  // Also what other runtimes and libraries have.
  for (const name in init) if (name !== except) members[name] = Reflect.get(init, name)
  for (const name of MEMBERS) if (!(name in members) && name in init) members[name] = Reflect.get(init, name)
  // They may be read more than once.
  if (isIterator(members.headers)) members.headers = [...members.headers]
  return members
}

function isIterator(headers: unknown): headers is IterableIterator<unknown> {
  return typeof headers === "object" && headers !== null && Symbol.iterator in headers && "next" in headers
}

/** The members of an init that no Request holds, such as an `agent`. */
export function otherMembers(init: RequestInit): RequestInit {
  const others: Record<string, unknown> = { ...init }
  for (const name of REQUEST_MEMBERS) delete others[name]
  return others
}
