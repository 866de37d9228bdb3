/**
 * Whether a value is of a kind that the platform knows by this name, in any realm. By its tag; where the platform's classes
 * have none, as on Workers before the compatibility date 2024-09-26, by its class.
 */
export function hasBrand(value: unknown, brand: string): boolean {
  if (Object.prototype.toString.call(value) === `[object ${brand}]`) return true
  const platform: unknown = Reflect.get(globalThis, brand)
  return typeof platform === "function" && value instanceof platform
}

// The kind of a body. Told by its brand and by what it can do, never by its class alone: another realm, and every
// library that brings its own, has other classes.

/** Also one that is shared. */
export function isArrayBuffer(value: unknown): value is ArrayBuffer {
  return hasBrand(value, "ArrayBuffer") || isShared(value)
}

/** Whether other threads may write to this memory. */
export function isShared(value: unknown): boolean {
  return hasBrand(value, "SharedArrayBuffer")
}

/** Also a File. */
export function isBlob(value: unknown): value is Blob {
  return (hasBrand(value, "Blob") || hasBrand(value, "File")) && can(value, "arrayBuffer")
}

/** The npm form-data package, which calls itself FormData too, is a stream. */
export function isFormData(value: unknown): value is FormData {
  return hasBrand(value, "FormData") && !can(value, "pipe")
}

export function isSearchParams(value: unknown): value is URLSearchParams {
  return hasBrand(value, "URLSearchParams")
}

function can(value: unknown, method: string): boolean {
  return typeof Object(value)[method] === "function"
}
