import type { AxiosInstance, AxiosRequestConfig } from "axios"

/** Stands for `countersign: undefined` of a request. */
const EXPLICIT = Symbol("undefined")

/** On a method that is changed already. */
const keeps = Symbol("keeps undefined")

/** The methods that take a config, behind the URL or behind the body. */
const METHODS = {
  1: ["delete", "get", "head", "options"],
  2: ["patch", "patchForm", "post", "postForm", "put", "putForm", "query"],
}

/** Makes an instance keep `countersign: undefined` of a request, which axios drops as if it had not been said. */
export function keepUndefined(instance: AxiosInstance): void {
  const { defaults } = instance
  const set = (value: unknown): void => {
    Object.defineProperty(defaults, "countersign", { value: kept(value), enumerable: true, writable: true })
  }
  // axios asks the defaults for every key that a request names, and takes theirs where it is undefined. It cannot be
  // enumerated, so for a request that does not name it axios does not ask.
  if (Object.hasOwn(defaults, "countersign")) {
    if (defaults.countersign === undefined) set(undefined)
  } else Object.defineProperty(defaults, "countersign", { configurable: true, get: () => EXPLICIT, set })
  // These drop it before they ask.
  for (const [index, names] of Object.entries(METHODS)) for (const name of names) keepIn(instance, name, Number(index))
}

function keepIn(instance: AxiosInstance, name: string, index: number): void {
  const method: unknown = Reflect.get(instance, name)
  if (typeof method !== "function" || keeps in method) return
  const keeping = (...given: unknown[]): unknown => {
    const config = Object(given[index])
    if ("countersign" in config) given[index] = { ...config, countersign: kept(config.countersign) }
    return Reflect.apply(method, instance, given)
  }
  Reflect.set(instance, name, Object.assign(keeping, { [keeps]: true }))
}

function kept(value: unknown): unknown {
  return value === undefined ? EXPLICIT : value
}

/** Puts `undefined` where a request named it. */
export function restoreUndefined(config: AxiosRequestConfig): void {
  if ((config.countersign as unknown) === EXPLICIT) Reflect.set(config, "countersign", undefined)
}
