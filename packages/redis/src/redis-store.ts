import {
  AuthError,
  type CacheStore,
  type Lease,
  type StoreChange,
  type StoreNotice,
  type StoreQuestion,
  type Taken,
} from "@countersign/auth-core/adapter"
import { commandsOf, type RedisClient } from "./redis-client.ts"
import type { RedisCommands } from "./redis-commands.ts"
import {
  DELETE_SCRIPT,
  FAIL_UNDER_LEASE_SCRIPT,
  RELEASE_SCRIPT,
  SET_SCRIPT,
  SET_UNDER_LEASE_SCRIPT,
  TAKE_SCRIPT,
} from "./scripts.ts"
import { kindOf, warnUnheard } from "./warn-unheard.ts"

/** Options of {@link redisStore}. */
export interface RedisStoreOptions {
  /** The start of every key and channel. @default "countersign:" */
  prefix?: string | undefined
}

/** How many channels the identities are spread over. A process listens to those of the identities that it uses. */
const BUCKETS = 1_048_576

/**
 * A store for `TokenCache` on Redis (6.2 or later) or Valkey, through a connected client of the package `redis`,
 * `ioredis`, `iovalkey` or `@valkey/valkey-glide`. Clusters and sentinels work too.
 *
 * One hash holds all of an identity: `{b}:k` after the prefix, where `k` is its store key and `b` the number of its
 * bucket, from 0 to 1048575. Changes are published on the channel `{b}:changes` after the prefix. The store listens on a
 * connection of its own.
 *
 * @throws {AuthError} `AUTH_INVALID_OPTION` for another kind of client, a prefix with braces, or a cluster of ioredis or
 * iovalkey whose `keyPrefix` has some.
 */
export function redisStore(client: RedisClient, { prefix = "countersign:" }: RedisStoreOptions = {}): CacheStore {
  checkPrefix(prefix)
  const commands = commandsOf(client, "redisStore")
  checkKeyPrefix(commands)
  const self = crypto.randomUUID()
  const bucketOf = (key: string): string => `${prefix}{${bucketNumber(key)}}:`
  const channelIn = (bucket: string): string => `${bucket}changes`
  const channelOf = (key: string): string => channelIn(bucketOf(key))
  const run = (script: string, key: string, ...values: string[]): Promise<unknown> => {
    const bucket = bucketOf(key)
    return commands.run(script, [bucket + key], [commands.publishing, channelIn(bucket), self, key, ...values])
  }

  const leaseOf = (key: string, version: string): Lease => ({
    version,
    set: async (text, endsAt) => isOne(await run(SET_UNDER_LEASE_SCRIPT, key, version, text, String(endsAt))),
    setFailure: async (text, ...times) =>
      isOne(await run(FAIL_UNDER_LEASE_SCRIPT, key, version, text, ...times.map(String))),
    release: async () => void (await run(RELEASE_SCRIPT, key, version)),
  })

  /** The user of the client may not publish, so other processes, mostly of the same user, do not publish either. */
  let isMute = false
  /** Tell why a watch hears nothing. */
  const tellers = new Set<(reason: string) => void>()
  const setMute = (isNowMute: boolean): void => {
    if (isNowMute && !isMute) for (const tell of tellers) tell(MUTE)
    isMute = isNowMute
  }

  const take = async (key: string, question: StoreQuestion): Promise<Taken> => {
    const { unwanted = "", isRefused = false, failure = "", lease } = question
    const asked = [unwanted, isRefused ? "1" : "", failure, lease?.holder ?? "", String(Math.ceil(lease?.ms ?? 0))]
    const answer = await run(TAKE_SCRIPT, key, ...asked)
    if (!Array.isArray(answer)) throw new TypeError("The script of the store returned no list.")
    const [kind, at, first, second, third, fourth] = answer.map(String)
    const now = Number(at)
    switch (kind) {
      case "value":
        return { kind, now, version: first ?? "", endsAt: Number(second), text: third ?? "" }
      case "failure":
        return { kind, now, version: first ?? "", waitsUntil: Number(second), text: third ?? "" }
      case "held":
        setMute(second === "mute")
        return { kind, now, until: Number(first) }
      case "lease": {
        const waited =
          second === undefined ? undefined : { version: second, waitsUntil: Number(third), text: fourth ?? "" }
        return { kind, now, lease: leaseOf(key, first ?? ""), failure: waited }
      }
      default:
        return { kind: "none", now }
    }
  }

  return {
    async get(key) {
      const taken = await take(key, { failure: "ignored" })
      return taken.kind === "value" ? taken.text : undefined
    },
    async set(key, value, ttlMs) {
      await run(SET_SCRIPT, key, value, String(ttlMs))
    },
    async delete(key) {
      await run(DELETE_SCRIPT, key)
    },
    take,
    watch(listener, onUnheard) {
      let hasEnded = false
      const tell = (reason: string): void => {
        warnUnheard(reason)
        onUnheard?.(reason)
      }
      tellers.add(tell)
      /** The keys that are followed, by channel. Most have one, for which a Set or a spread would take 200 bytes. */
      const followed = new Map<string, readonly string[]>()
      const subscription = commands.subscribe({
        heard(message) {
          const notice = noticeIn(message, self)
          if (notice !== undefined && !hasEnded) listener(notice)
        },
        unheard: (error) => tell(kindOf(error)),
        began(channel) {
          // A waiting process may have missed the end of the lease, so it looks again.
          for (const key of followed.get(channel) ?? []) listener({ key, change: "released" })
        },
      })
      return {
        follow(key) {
          const channel = channelOf(key)
          const keys = followed.get(channel) ?? []
          if (keys.includes(key)) return
          followed.set(channel, keys.concat(key))
          if (keys.length === 0) subscription.listenTo(channel)
        },
        unfollow(key) {
          const channel = channelOf(key)
          const keys = followed.get(channel) ?? []
          const others = keys.filter((other) => other !== key)
          if (others.length > 0) followed.set(channel, others)
          else if (followed.delete(channel)) subscription.stopListeningTo(channel)
        },
        isHearing: (key) => !isMute && subscription.isHearing(channelOf(key)),
        end() {
          hasEnded = true
          tellers.delete(tell)
          return subscription.end()
        },
      }
    },
  }
}

/** The reason for silence, where the user of the client may listen and not publish. */
const MUTE = "NOPERM publish"

const MESSAGE = /^(\S+) (set|deleted|failed|forgiven|released) (\S+)(?: (\d+) (\d+) )?/

/** The notice in a message; nothing for a message of this very store, or of another kind. */
function noticeIn(message: string, self: string): StoreNotice | undefined {
  const [start = "", sender, change, key, version, time] = MESSAGE.exec(message) ?? []
  if (key === undefined || sender === self) return undefined
  const notice = { key, change: change as StoreChange }
  if (version === undefined) return notice
  const result = { version, text: message.slice(start.length) }
  if (change === "failed") return { ...notice, failure: { ...result, waitsUntil: Number(time) } }
  return { ...notice, value: { ...result, endsAt: Number(time) } }
}

/** FNV-1a of the key, which is ASCII. */
function bucketNumber(key: string): number {
  let hash = 0x811c9dc5
  for (let index = 0; index < key.length; index++) hash = Math.imul(hash ^ key.charCodeAt(index), 0x01000193)
  return (hash >>> 0) % BUCKETS
}

function isOne(result: unknown): boolean {
  return Number(result) === 1
}

/** A cluster would find keys by the braces of their prefix, and the channels of their changes by others. */
function checkKeyPrefix({ keyPrefix = "" }: RedisCommands): void {
  if (!/[{}]/.test(keyPrefix)) return
  throw new AuthError("AUTH_INVALID_OPTION", "`keyPrefix` of the cluster must be without braces for redisStore.")
}

/** Braces in the prefix would choose the node of a key in a cluster. */
export function checkPrefix(prefix: string): void {
  if (typeof prefix === "string" && /^[^{}\s]*$/.test(prefix)) return
  throw new AuthError("AUTH_INVALID_OPTION", "`prefix` must be a string without braces or white space.")
}
