/**
 * What kind of object a body is. Told by its brand and by what it can do, never by its class: another realm, and every
 * library that brings its own, has other classes.
 */
function brandOf(value: unknown): string {
  return Object.prototype.toString.call(value).slice(8, -1)
}

/** Also one that is shared. */
export function isArrayBuffer(value: unknown): value is ArrayBuffer {
  return brandOf(value) === "ArrayBuffer" || isShared(value)
}

/** Whether other threads may write to this memory. */
export function isShared(value: unknown): boolean {
  return brandOf(value) === "SharedArrayBuffer"
}

/** Also a File. */
export function isBlob(value: unknown): value is Blob {
  const brand = brandOf(value)
  return (brand === "Blob" || brand === "File") && can(value, "arrayBuffer")
}

/** The npm form-data package, which calls itself FormData too, is a stream. */
export function isFormData(value: unknown): value is FormData {
  return brandOf(value) === "FormData" && !can(value, "pipe")
}

export function isSearchParams(value: unknown): value is URLSearchParams {
  return brandOf(value) === "URLSearchParams"
}

function can(value: unknown, method: string): boolean {
  return typeof Object(value)[method] === "function"
}
