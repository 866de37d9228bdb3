/**
 * Whether a value is of the platform's kind with this name, in any realm. The tag decides. If the platform's classes have
 * no tags, as on Workers before the compatibility date 2024-09-26, the class decides.
 */
export function hasBrand(value: unknown, brand: string): boolean {
  if (Object.prototype.toString.call(value) === `[object ${brand}]`) return true
  const platform: unknown = Reflect.get(globalThis, brand)
  return typeof platform === "function" && value instanceof platform
}

// The brand and the methods of a body tell its kind. Its class alone does not: other realms and some libraries have their
// own classes.

/** Includes a SharedArrayBuffer. */
export function isArrayBuffer(value: unknown): value is ArrayBuffer {
  return hasBrand(value, "ArrayBuffer") || isShared(value)
}

/** Whether other threads may write to this memory. */
export function isShared(value: unknown): boolean {
  return hasBrand(value, "SharedArrayBuffer")
}

/** Includes a File. */
export function isBlob(value: unknown): value is Blob {
  return (hasBrand(value, "Blob") || hasBrand(value, "File")) && can(value, "arrayBuffer")
}

/** Excludes the npm form-data package, a stream that also calls itself FormData. */
export function isFormData(value: unknown): value is FormData {
  return hasBrand(value, "FormData") && !can(value, "pipe")
}

/** Whether a value is a URLSearchParams, the platform's or a library's. */
export function isSearchParams(value: unknown): value is URLSearchParams {
  return hasBrand(value, "URLSearchParams")
}

function can(value: unknown, method: string): boolean {
  return typeof Object(value)[method] === "function"
}

/** Whether a stream of Node or the web was read or closed before. Another kind does not tell. */
export function isSpent(stream: object): boolean {
  return (
    ("locked" in stream && stream.locked === true) ||
    ("readableDidRead" in stream && stream.readableDidRead === true) ||
    ("destroyed" in stream && stream.destroyed === true)
  )
}
