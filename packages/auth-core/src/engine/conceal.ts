/** What Node's `util.inspect` asks an object for, and with it `console.log` and assertion messages. */
const INSPECT = Symbol.for("nodejs.util.inspect.custom")

/**
 * Makes an object that must hold a secret, because a client reads it from there, show something else to `inspect`, logs
 * and JSON. For whoever reads its properties nothing changes.
 *
 * @param shown stands for the whole object.
 */
export function conceal<T extends object>(holder: T, shown: unknown): T {
  const show = { value: () => shown, configurable: true }
  // Enumerable as far as nobody takes it for a property, so that a copy by spread conceals too.
  return Object.defineProperties(holder, { [INSPECT]: { ...show, enumerable: true }, toJSON: show })
}
