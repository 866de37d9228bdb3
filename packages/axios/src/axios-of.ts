import axios, { type AxiosStatic, type InternalAxiosRequestConfig } from "axios"

/** By the class that each copy of axios makes headers of. What `toJSON` gives, and some pass on, has none. */
const copies = new WeakMap<object, AxiosStatic>([
  [axios.AxiosHeaders, axios],
  [Object, axios],
])

/**
 * The axios that made a request, for its classes and adapters. A CommonJS program has another copy than this module,
 * perhaps of another release, and tests errors by the classes of its own.
 *
 * @returns the copy of this module where the request's own cannot be found.
 */
export function axiosOf({ headers }: InternalAxiosRequestConfig): AxiosStatic {
  const made = headers?.constructor ?? Object
  const known = copies.get(made)
  if (known !== undefined) return known
  const copy = requiredAxios(made) ?? axios
  copies.set(made, copy)
  return copy
}

function requiredAxios(made: object): AxiosStatic | undefined {
  try {
    const { cache } = process.getBuiltinModule("node:module").createRequire(import.meta.url)
    const path = Object.keys(cache).find((name) => name.includes("axios") && cache[name]?.exports.AxiosHeaders === made)
    return path === undefined ? undefined : cache[path]?.exports
  } catch {
    // There is nothing to require in a browser, nor where all is one bundle.
    return undefined
  }
}
