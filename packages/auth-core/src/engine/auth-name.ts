/** An auth, and by what name caches know it. */
interface NamedAuth {
  readonly auth: object
  readonly name: string
}

/** By the function that authenticates. A client may hand on a copy of an auth, of which functions are what stays the same. */
const named = new WeakMap<object, NamedAuth[]>()

/**
 * The name by which a client's cache tells requests by whose they are. Random, since processes may share a cache, and no
 * secret; it lasts as long as the auth and the process.
 */
export function authName(given: unknown): string {
  // A value that is no auth is refused later.
  const auth: object = Object(given)
  const known = Object(Reflect.get(auth, "authenticate"))
  const alike = named.get(known) ?? []
  const found = alike.find((one) => isSame(one.auth, auth))
  if (found !== undefined) return found.name
  const name = Array.from(crypto.getRandomValues(new Uint32Array(4)), (part) => part.toString(36)).join("")
  named.set(known, [...alike, { auth, name }])
  return name
}

/** Whether two values are one, or copies of one as clients make them. */
function isSame(one: unknown, other: unknown): boolean {
  if (Object.is(one, other)) return true
  if (!isPlain(one) || !isPlain(other)) return false
  const keys = Object.keys(one)
  if (keys.length !== Object.keys(other).length) return false
  return keys.every((key) => isSame(Reflect.get(one, key), Reflect.get(other, key)))
}

function isPlain(value: unknown): value is object {
  return typeof value === "object" && value !== null && Object.getPrototypeOf(value) === Object.prototype
}
