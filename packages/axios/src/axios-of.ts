import axios, { type AxiosStatic, type InternalAxiosRequestConfig } from "axios"

/** By the class that each copy of axios makes headers of. */
const copies = new WeakMap<object, AxiosStatic>([[axios.AxiosHeaders, axios]])

/**
 * The axios that made a request, for its classes and adapters. A CommonJS program has another copy than this module, and
 * tests errors by the classes of its own.
 *
 * @returns the copy of this module where the request's own cannot be found, as that of another release.
 */
export function axiosOf({ headers }: InternalAxiosRequestConfig): AxiosStatic {
  // What `toJSON` gives, and some pass on, has none.
  const made = headers?.constructor ?? Object
  const known = copies.get(made)
  if (known !== undefined) return known
  const required = requiredAxios()
  const copy = required?.AxiosHeaders === made ? required : axios
  copies.set(made, copy)
  return copy
}

function requiredAxios(): AxiosStatic | undefined {
  try {
    return globalThis.process?.getBuiltinModule("node:module").createRequire(import.meta.url)("axios")
  } catch {
    // There is nothing to require in a browser, nor where all is one bundle.
    return undefined
  }
}
