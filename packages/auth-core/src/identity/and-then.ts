import { isPromise } from "./is-promise.ts"

/** Goes on with a value, at once when it is at hand. */
export function andThen<T, R>(value: T | Promise<T>, next: (value: T) => R | Promise<R>): R | Promise<R> {
  return isPromise(value) ? value.then(next) : next(value)
}
