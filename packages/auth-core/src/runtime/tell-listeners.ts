import { listenersChannel } from "./listeners-channel.ts"

/**
 * Passes an event on to the channel `countersign` of `node:diagnostics_channel`, and to a listener. Failures of the
 * listener are ignored: it is no part of the request.
 */
export function tellListeners<E>(event: E, onEvent: ((event: E) => unknown) | undefined): void {
  listenersChannel?.publish(event)
  const tell = async (): Promise<unknown> => onEvent?.(event)
  tell().catch(() => undefined)
}

/** A warning of the process, or on the console where there is no process. */
export function warn(code: string, message: string): void {
  const { process } = globalThis
  if (typeof process?.emitWarning === "function") process.emitWarning(message, { code })
  // biome-ignore lint/suspicious/noConsole: nothing else shows a warning there.
  else console.warn(`${code}: ${message}`)
}
