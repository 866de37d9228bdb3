import { afterEach, beforeEach, describe, expect, it, vi } from "vitest"
import { limitCall } from "../../src/runtime/clock.ts"

const timedOut = (): Error => new Error("too late")

describe("limitCall", () => {
  beforeEach(() => void vi.useFakeTimers())
  afterEach(() => void vi.useRealTimers())

  it("aborts with the client's own error when the time is over, and knows the time left until then", () => {
    const limit = limitCall({ timeoutMs: 100, timedOut })
    vi.advanceTimersByTime(60)
    expect([limit?.timeLeftMs(), limit?.signal.aborted]).toEqual([40, false])
    vi.advanceTimersByTime(40)
    expect([limit?.timeLeftMs(), limit?.signal.reason]).toEqual([1, timedOut()])
  })

  it.each([undefined, 2 ** 31])("sets no limit for a timeout of %s", (timeoutMs) => {
    expect(limitCall({ timeoutMs, timedOut })).toBeUndefined()
    const limit = limitCall({ timeoutMs, timedOut, signal: new AbortController().signal })
    expect([limit?.timeLeftMs(), vi.getTimerCount()]).toEqual([undefined, 0])
  })

  it("aborts with the caller's signal, by its reason or by the client's own error", () => {
    const reason = new Error("mine")
    const signal = AbortSignal.abort(reason)
    expect(limitCall({ timeoutMs: undefined, timedOut, signal })?.signal.reason).toBe(reason)
    const canceled = new Error("canceled")
    const caller = new AbortController()
    const limit = limitCall({ timeoutMs: 50, timedOut, signal: caller.signal, aborted: () => canceled })
    caller.abort(reason)
    expect(limit?.signal.reason).toBe(canceled)
  })

  it("follows a cancel token, and removes its listeners when the call ends", () => {
    const listeners = new Set<(reason: unknown) => void>()
    const cancelToken = {
      subscribe: (listener: (reason: unknown) => void) => void listeners.add(listener),
      unsubscribe: (listener: (reason: unknown) => void) => void listeners.delete(listener),
    }
    const caller = new AbortController()
    const limit = limitCall({ timeoutMs: 50, timedOut, signal: caller.signal, cancelToken })
    limit?.end()
    caller.abort()
    expect([limit?.signal.aborted, listeners.size, vi.getTimerCount()]).toEqual([false, 0, 0])
    const other = limitCall({ timeoutMs: 50, timedOut, cancelToken })
    for (const listener of listeners) listener("enough")
    expect(other?.signal.reason).toBe("enough")
  })
})
