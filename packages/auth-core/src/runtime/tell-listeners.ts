import { invalidOption } from "../errors/auth-error.ts"
import { listenersChannel } from "./listeners-channel.ts"

/**
 * Passes an event on to the channel `countersign` of `node:diagnostics_channel`, and to a listener. A failure of the
 * listener is ignored, since it is not part of the request.
 */
export function tellListeners<E>(event: E, onEvent: ((event: E) => unknown) | undefined): void {
  listenersChannel?.publish(event)
  const tell = async (): Promise<unknown> => onEvent?.(event)
  tell().catch(() => undefined)
}

/** @throws {AuthError} `AUTH_INVALID_OPTION` for an `onEvent` that is no function. */
export function checkListener(onEvent: unknown): void {
  if (onEvent !== undefined && typeof onEvent !== "function") throw invalidOption("`onEvent` must be a function.")
}

/** Warns through the process, or on the console where there is no process. */
export function warn(code: string, message: string): void {
  const { process } = globalThis
  if (typeof process?.emitWarning === "function") process.emitWarning(message, { code })
  // biome-ignore lint/suspicious/noConsole: nothing else shows a warning there.
  else console.warn(`${code}: ${message}`)
}
