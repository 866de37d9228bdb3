import type { AxiosInstance, AxiosRequestConfig } from "axios"

/** Stands for `countersign: undefined` of a request. */
const EXPLICIT = Symbol("undefined")

/** Where the methods of an instance take a config. */
const CONFIG_AT = Object.entries({
  delete: 1,
  get: 1,
  head: 1,
  options: 1,
  patch: 2,
  patchForm: 2,
  post: 2,
  postForm: 2,
  put: 2,
  putForm: 2,
  query: 2,
})

/** On a method that is changed already. */
const keeps = Symbol("keeps undefined")

/** Makes an instance keep `countersign: undefined` of a request, which axios drops as if it had not been said. */
export function keepUndefined(instance: AxiosInstance): void {
  const { defaults } = instance
  if (!Object.hasOwn(defaults, "countersign")) {
    // axios asks the defaults for every key that a request names, and takes theirs where it is undefined. It cannot be
    // enumerated, so for a request that does not name it axios does not ask.
    Object.defineProperty(defaults, "countersign", {
      configurable: true,
      get: () => EXPLICIT,
      set: (value) => setDefault(defaults, value),
    })
  } else if (defaults.countersign === undefined) setDefault(defaults, undefined)
  // These drop it before they ask.
  for (const [name, index] of CONFIG_AT) {
    const method: unknown = Reflect.get(instance, name)
    if (typeof method !== "function" || keeps in method) continue
    const keeping = (...given: unknown[]): unknown => {
      const config = given[index]
      if (isExplicit(config)) given[index] = { ...config, countersign: EXPLICIT }
      return Reflect.apply(method, instance, given)
    }
    Reflect.set(instance, name, Object.assign(keeping, { [keeps]: true }))
  }
}

/** axios would take `undefined` for no default. */
function setDefault(defaults: object, value: unknown): void {
  const kept = value === undefined ? EXPLICIT : value
  Object.defineProperty(defaults, "countersign", { value: kept, enumerable: true, writable: true })
}

function isExplicit(config: unknown): config is object {
  return typeof config === "object" && config !== null && "countersign" in config && config.countersign === undefined
}

/** Puts `undefined` where a request named it. */
export function restoreUndefined(config: AxiosRequestConfig): void {
  if ((config.countersign as unknown) === EXPLICIT) Reflect.set(config, "countersign", undefined)
}
