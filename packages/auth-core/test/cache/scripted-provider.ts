import type { Clock, Expiring, Provider, ProviderContext, Token } from "../../src/index.ts"

const MINUTE = 60_000

/** A provider that the test answers, one call at a time. */
export interface ScriptedProvider<T extends Expiring> extends Provider<T> {
  /** The contexts of all calls so far. */
  readonly calls: Array<ProviderContext<T> | undefined>
}

export function scriptedProvider<T extends Expiring>(
  identityKey: string | undefined,
  answer: (call: number, context: ProviderContext<T> | undefined) => T | Promise<T>,
): ScriptedProvider<T> {
  const calls: Array<ProviderContext<T> | undefined> = []
  return Object.assign(
    async (context?: ProviderContext<T>) => {
      calls.push(context)
      return answer(calls.length, context)
    },
    { identityKey, calls },
  )
}

/** A token that is issued now, by the clock. */
export function tokenAt(clock: Clock, value: string, lifetimeMs = 24 * 60 * MINUTE): Token {
  return { value, issuedAt: clock.now(), expiresAt: clock.now() + lifetimeMs }
}

/** Returns token 1, token 2 and so on, after some time of the clock. */
export function tokenIssuer(
  clock: Clock,
  { key, lifetimeMs, delayMs = 0 }: { key?: string; lifetimeMs?: number; delayMs?: number } = {},
): ScriptedProvider<Token> {
  return scriptedProvider<Token>(key, async (call) => {
    if (delayMs > 0) await clock.sleep(delayMs)
    return tokenAt(clock, `${key ?? "token"} ${call}`, lifetimeMs)
  })
}
