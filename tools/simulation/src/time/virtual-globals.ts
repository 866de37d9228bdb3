import type { Delivery, Machine } from "./machine.ts"
import type { Random } from "./random.ts"
import { seededCrypto } from "./seeded-crypto.ts"

type Timer = { callOff(): void; unref(): void }

/**
 * Replaces what a program finds in its runtime, until the returned function is called: random numbers come from the seed,
 * and timers run on the machine of the process that starts them.
 *
 * @param machine the machine whose process runs now
 * @param leastIntervalMs timers that repeat more often are slowed to this
 */
export function installVirtualGlobals(random: Random, machine: () => Machine, leastIntervalMs = 0): () => void {
  const later = (run: () => void, ms = 0): Timer => {
    const at = machine()
    return { ...at.receive(at.time + ms, run), unref: () => undefined }
  }
  const repeatedly = (run: () => void, ms: number): Timer => {
    const at = machine()
    const again = (): Delivery =>
      at.receive(at.time + Math.max(ms, leastIntervalMs), () => {
        next = again()
        run()
      })
    let next = again()
    return { callOff: () => next.callOff(), unref: () => undefined }
  }
  const end = (timer: Timer | undefined): void => timer?.callOff()
  const undo = [
    replace(globalThis, "crypto", seededCrypto(random)),
    replace(globalThis, "setTimeout", later),
    replace(globalThis, "setInterval", repeatedly),
    replace(globalThis, "clearTimeout", end),
    replace(globalThis, "clearInterval", end),
    replace(Math, "random", random.next),
  ]
  return () => {
    for (const one of undo) one()
  }
}

/** Returns what puts the original back. */
function replace(owner: object, name: string, value: unknown): () => void {
  const original = Object.getOwnPropertyDescriptor(owner, name)
  if (original === undefined) throw new Error(`There is no ${name} to replace.`)
  Object.defineProperty(owner, name, { configurable: true, writable: true, value })
  return () => Object.defineProperty(owner, name, original)
}
