import { invalidOption } from "@countersign/auth-core/adapter"

/** @throws {AuthError} `AUTH_INVALID_OPTION` unless the value is a number from `least`; Infinity counts. */
export function checkNumber(name: string, value: unknown, least: number): void {
  if (typeof value !== "number" || !(value >= least)) throw invalidOption(`\`${name}\` must be a number from ${least}.`)
}

/** @throws {AuthError} `AUTH_INVALID_OPTION` unless each value is true or false. */
export function checkBooleans(values: Readonly<Record<string, unknown>>): void {
  for (const [name, value] of Object.entries(values))
    if (typeof value !== "boolean") throw invalidOption(`\`${name}\` must be true or false.`)
}

type Names<Options> = Readonly<Record<keyof Options, true>>

/**
 * An option of an unknown name would be ignored, and a misspelt policy would let everybody in.
 *
 * @throws {AuthError} `AUTH_INVALID_OPTION` unless the value is an object whose own members are among `names`
 */
export function checkOptions(what: string, given: unknown, names: Readonly<Record<string, unknown>>): void {
  const isObject = typeof given === "object" && Object.prototype.toString.call(given) === "[object Object]"
  if (!isObject) throw invalidOption(`${what} must be an object.`)
  const unknown = Object.keys(given as object).find((name) => !Object.hasOwn(names, name))
  if (unknown === undefined) return
  throw invalidOption(`${what} have no \`${unknown}\`. They may have ${Object.keys(names).join(", ")}.`)
}

/**
 * Options over others. One that is `undefined` leaves the other as it is. They are read by name, since those of a class may be
 * on its prototype.
 */
export function overriding<Options extends object>(
  names: Names<Options>,
  usual: Options,
  own: Partial<Options>,
): Options {
  const all = (Object.keys(names) as (keyof Options)[]).map((name) => [
    name,
    own[name] === undefined ? usual[name] : own[name],
  ])
  return Object.fromEntries(all.filter(([, value]) => value !== undefined)) as Options
}
