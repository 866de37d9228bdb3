import type { Keyspace, Stored } from "./keyspace.ts"
import { ErrorReply, type Reply, StatusReply } from "./replies.ts"

/** The state that a command works on. */
export interface CommandContext {
  readonly keyspace: Keyspace
  /** The server's clock, epoch ms. It stands still while a script runs. */
  readonly now: number
  /** The same clock, epoch microseconds. */
  readonly micros: number
  /** A moment that never goes back, for the order of changes. */
  readonly at: number
  /** Takes a message for all who listen. Returns their number. Throws where that is not allowed. */
  publish(channel: string, message: string): number
}

type Command = (context: CommandContext, ...given: string[]) => Reply

const OK = new StatusReply("OK")
const WRONG_TYPE = "WRONGTYPE Operation against a key holding the wrong kind of value"

/** The commands that need more memory. A full server refuses them. */
const GROWING = new Set(["SET", "HSET", "HINCRBY"])

/** Runs one command of those that the store uses. */
export function runCommand(context: CommandContext, name: string, given: readonly string[]): Reply {
  const command = COMMANDS[name.toUpperCase()]
  if (command === undefined)
    throw new Error(`The model of Redis lacks the command ${name}: add it, and test it on a real one.`)
  return command(context, ...given)
}

export function isGrowing(name: string): boolean {
  return GROWING.has(name.toUpperCase())
}

/** Whether a command changes the keyspace. */
export function isWrite(name: string): boolean {
  return isGrowing(name) || ["DEL", "UNLINK", "PEXPIRE", "PEXPIREAT", "HDEL"].includes(name.toUpperCase())
}

const COMMANDS: Readonly<Record<string, Command>> = {
  GET: ({ keyspace, now }, key) => text(keyspace.get(key, now)?.value),
  MGET: ({ keyspace, now }, ...keys) =>
    keys.map((key) => {
      const value = keyspace.get(key, now)?.value
      return typeof value === "string" ? value : null
    }),
  STRLEN: ({ keyspace, now }, key) => text(keyspace.get(key, now)?.value)?.length ?? 0,
  EXISTS: ({ keyspace, now }, ...keys) => keys.filter((key) => keyspace.get(key, now) !== undefined).length,
  SET: set,
  DEL: remove,
  UNLINK: remove,
  PTTL: ({ keyspace, now }, key) => {
    const entry = keyspace.get(key, now)
    return entry === undefined ? -2 : entry.expiresAt === Number.POSITIVE_INFINITY ? -1 : entry.expiresAt - now
  },
  PEXPIRETIME: ({ keyspace, now }, key) => {
    const entry = keyspace.get(key, now)
    return entry === undefined ? -2 : entry.expiresAt === Number.POSITIVE_INFINITY ? -1 : entry.expiresAt
  },
  PEXPIRE: (context, key, ms) => expire(context, key, context.now + whole(ms)),
  PEXPIREAT: (context, key, at) => expire(context, key, whole(at)),
  HGET: ({ keyspace, now }, key, field) => hash(keyspace.get(key, now)?.value).get(field) ?? null,
  HMGET: ({ keyspace, now }, key, ...fields) => {
    const fieldsOf = hash(keyspace.get(key, now)?.value)
    return fields.map((field) => fieldsOf.get(field) ?? null)
  },
  HSET: (context, key, ...pairs) => {
    const { keyspace, now, at } = context
    const entry = keyspace.get(key, now)
    const fields = new Map(hash(entry?.value))
    const before = fields.size
    for (let index = 0; index + 1 < pairs.length; index += 2) fields.set(pairs[index] ?? "", pairs[index + 1] ?? "")
    keyspace.set(key, { value: fields, expiresAt: entry?.expiresAt ?? Number.POSITIVE_INFINITY }, at)
    return fields.size - before
  },
  HDEL: ({ keyspace, now, at }, key, ...names) => {
    const entry = keyspace.get(key, now)
    const fields = new Map(hash(entry?.value))
    const count = names.filter((name) => fields.delete(name)).length
    if (entry !== undefined && count > 0) {
      if (fields.size === 0) keyspace.delete(key, at)
      else keyspace.set(key, { ...entry, value: fields }, at)
    }
    return count
  },
  HINCRBY: ({ keyspace, now, at }, key, field, step) => {
    const entry = keyspace.get(key, now)
    const fields = new Map(hash(entry?.value))
    const sum = whole(fields.get(field) ?? "0", "ERR hash value is not an integer") + whole(step)
    fields.set(field, String(sum))
    keyspace.set(key, { value: fields, expiresAt: entry?.expiresAt ?? Number.POSITIVE_INFINITY }, at)
    return sum
  },
  TIME: ({ micros }) => [String(Math.floor(micros / 1_000_000)), String(micros % 1_000_000)],
  PUBLISH: ({ publish }, channel, message) => publish(channel, message),
  SPUBLISH: ({ publish }, channel, message) => publish(channel, message),
}

function set({ keyspace, now, at }: CommandContext, key: string, value: string, ...options: string[]): Reply {
  let expiresAt = Number.POSITIVE_INFINITY
  for (let index = 0; index < options.length; index++) {
    const option = options[index]?.toUpperCase()
    if (option === "NX" || option === "XX") {
      if ((keyspace.get(key, now) === undefined) !== (option === "NX")) return null
    } else if (option === "PX" || option === "PXAT") {
      index += 1
      const ms = whole(options[index])
      if (ms <= 0) throw new ErrorReply("ERR invalid expire time in 'set' command")
      expiresAt = option === "PX" ? now + ms : ms
    } else throw new Error(`The model of SET lacks the option ${option}.`)
  }
  // An end in the past deletes.
  if (expiresAt <= now) keyspace.delete(key, at)
  else keyspace.set(key, { value, expiresAt }, at)
  return OK
}

function remove({ keyspace, now, at }: CommandContext, ...keys: string[]): Reply {
  const present = keys.filter((key) => keyspace.get(key, now) !== undefined)
  for (const key of present) keyspace.delete(key, at)
  return present.length
}

function expire({ keyspace, now, at }: CommandContext, key: string, expiresAt: number): Reply {
  const entry = keyspace.get(key, now)
  if (entry === undefined) return 0
  if (expiresAt <= now) keyspace.delete(key, at)
  else keyspace.set(key, { ...entry, expiresAt }, at)
  return 1
}

function text(value: Stored | undefined): string | null {
  if (value === undefined) return null
  if (typeof value === "string") return value
  throw new ErrorReply(WRONG_TYPE)
}

function hash(value: Stored | undefined): ReadonlyMap<string, string> {
  if (value === undefined) return new Map()
  if (typeof value !== "string") return value
  throw new ErrorReply(WRONG_TYPE)
}

function whole(given: string | undefined, problem = "ERR value is not an integer or out of range"): number {
  if (given !== undefined && /^-?\d{1,16}$/.test(given)) return Number(given)
  throw new ErrorReply(problem)
}
