/** Whether a value is still to come, also by a promise of another class: zone.js and Bluebird put theirs in the global's place. */
export function isPromise<T>(value: T | Promise<T>): value is Promise<T> {
  return typeof (value as Partial<Promise<T>> | undefined)?.then === "function"
}
