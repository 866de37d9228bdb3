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
