/** The part of a channel of `node:diagnostics_channel` that is used here. */
interface Channel {
  readonly hasSubscribers: boolean
  publish(event: unknown): void
}

/** Carries every event of this library; `undefined` if the runtime has no `node:diagnostics_channel`. */
export const listenersChannel: Channel | undefined = globalThis.process
  ?.getBuiltinModule?.("node:diagnostics_channel")
  ?.channel("countersign")
