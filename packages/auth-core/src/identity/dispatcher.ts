/** Where undici keeps the dispatcher of all fetches: that of Node 24, and of later releases. */
const GLOBAL_DISPATCHERS = ["undici.globalDispatcher.2", "undici.globalDispatcher.1"]

/** The dispatcher that a fetch of undici, such as Node's, sends by: the caller's, else the one of all fetches. */
export function dispatcherOf(init: object): unknown {
  if ("dispatcher" in init && init.dispatcher) return init.dispatcher
  const key = GLOBAL_DISPATCHERS.find((name) => Symbol.for(name) in globalThis)
  return key === undefined ? undefined : Reflect.get(globalThis, Symbol.for(key))
}

/** Whether a MockAgent of undici answers, which is shown what a body was made of, and tells requests by it. */
export function isMocked(init: object): boolean {
  const dispatcher = dispatcherOf(init)
  return typeof dispatcher === "object" && dispatcher !== null && Reflect.get(dispatcher, "isMockActive") === true
}
