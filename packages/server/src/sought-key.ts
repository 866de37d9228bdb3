import { isPromise } from "@countersign/auth-core/adapter"
import type { ReadyKey } from "./key-source.ts"
import { type Awaitable, whenAnswered } from "./lookup.ts"
import type { Refusal } from "./refusal.ts"
import type { Policy, Rules } from "./verifier-options.ts"

/** A key, or why there is none to use. */
type Sought<Owner> = { readonly key: ReadyKey<Owner> } | Refusal

/** Asks for the key of an access key, which is not at hand. */
export function soughtKey<Owner>(accessKeyId: string, rules: Rules<Owner>, policy: Policy): Awaitable<Sought<Owner>> {
  return judged(accessKeyId, rules, policy, (name) => rules.keys?.find(name, rules.keyContext(name)))
}

/**
 * Asks once more for a key that was at hand and does not fit: its secret may have been replaced meanwhile. Gives `undefined`
 * if there is no other.
 */
export function otherKey<Owner>(
  accessKeyId: string,
  seen: ReadyKey<Owner>,
  rules: Rules<Owner>,
  policy: Policy,
): Awaitable<Sought<Owner> | undefined> {
  const sought = judged(accessKeyId, rules, policy, (name) =>
    rules.keys?.findAnother(name, seen, rules.keyContext(name)),
  )
  const other = (one: Sought<Owner>) => ("key" in one && one.key === seen ? undefined : one)
  if (!isPromise(sought)) return other(sought)
  const { undecided } = rules
  if (undecided === undefined) return sought.then(other)
  count(undecided, accessKeyId, 1)
  // Even if the program's clock throws: the key would seem crowded for good.
  return sought.finally(() => count(undecided, accessKeyId, -1)).then(other)
}

function count(counts: Map<string, number>, name: string, by: number): void {
  const number = (counts.get(name) ?? 0) + by
  if (number === 0) counts.delete(name)
  else counts.set(name, number)
}

function judged<Owner>(
  accessKeyId: string,
  rules: Rules<Owner>,
  policy: Policy,
  ask: (name: string) => Awaitable<ReadyKey<Owner> | undefined>,
): Awaitable<Sought<Owner>> {
  const judge = (key: ReadyKey<Owner> | undefined): Sought<Owner> => {
    if (key === undefined) {
      const message = `Get secretKey failed,ak:${accessKeyId},err:ak not exist`
      return policy.refuse({ code: "ACCESS_KEY_UNKNOWN", message, accessKeyId })
    }
    if (key.expiresAt <= rules.now())
      return policy.refuse({
        code: "ACCESS_KEY_EXPIRED",
        message: expiryText(key.expiresAt),
        accessKeyId,
        cause: slipIn(key.expiresAt),
      })
    return { key }
  }
  const failed = (cause: unknown): Refusal =>
    policy.refuse({ code: "KEY_SOURCE_FAILED", message: "the key cannot be looked up now", accessKeyId, cause })
  // A copy: a part of a header would keep all of it in memory.
  const name = JSON.parse(JSON.stringify(accessKeyId)) as string
  return whenAnswered(() => ask(name), judge, failed)
}

/** A time in seconds is one of 1970, which no key has as its end. */
function slipIn(expiresAt: number): Error | undefined {
  if (expiresAt < 1e9 || expiresAt > 1e11) return undefined
  return new Error(`\`expiresAt\` must be epoch milliseconds, and ${expiresAt} looks like seconds.`)
}

/** In the gateway's words: UTC, six decimals. */
export function expiryText(expiresAt: number): string {
  const date = new Date(expiresAt)
  const at = Number.isNaN(date.getTime()) ? "unknown" : date.toISOString().replace("Z", "000Z")
  return `token expires, expires_at: ${at}`
}
