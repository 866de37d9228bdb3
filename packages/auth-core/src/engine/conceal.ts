/** What Node's `util.inspect` asks an object for, and with it `console.log` and assertion messages. */
const INSPECT = Symbol.for("nodejs.util.inspect.custom")

/**
 * Makes an object that must hold a secret, because a client reads it from there, show something else to `inspect`, logs
 * and JSON. For whoever reads its properties nothing changes.
 *
 * @param shown stands for the whole object.
 */
export function conceal<T extends object>(holder: T, shown: unknown): T {
  const show = (): unknown => shown
  // Enumerable, so that a copy by spread conceals too: nobody takes it for a property of the holder.
  Reflect.set(holder, INSPECT, show)
  return Object.defineProperty(holder, "toJSON", { value: show, configurable: true })
}
