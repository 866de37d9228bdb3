/** The part of a channel of `node:diagnostics_channel` that is used here. */
interface Channel {
  readonly hasSubscribers: boolean
  publish(event: unknown): void
}

/** Carries every event of this library; `undefined` if the runtime has no `node:diagnostics_channel`. */
export const listenersChannel: Channel | undefined = globalThis.process
  ?.getBuiltinModule?.("node:diagnostics_channel")
  ?.channel("countersign")

/**
 * Passes an event on to the channel `countersign` of `node:diagnostics_channel`, and to a listener. Failures of the
 * listener are ignored: it is no part of the request.
 */
export function tellListeners<E>(event: E, onEvent: ((event: E) => unknown) | undefined): void {
  listenersChannel?.publish(event)
  const tell = async (): Promise<unknown> => onEvent?.(event)
  tell().catch(() => undefined)
}
