import type { Keyspace, Stored } from "./keyspace.ts"
import { ErrorReply, type Reply } from "./replies.ts"

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

const WRONG_TYPE = "WRONGTYPE Operation against a key holding the wrong kind of value"

/** Runs one command of those that the scripts of the store use. */
export function runCommand(context: CommandContext, name: string, given: readonly string[]): Reply {
  const command = COMMANDS[name]
  if (command === undefined)
    throw new Error(`The model of Redis lacks the command ${name}: add it, and test it on a real one.`)
  return command(context, ...given)
}

/** Whether a command needs more memory. A full server refuses it. */
export function isGrowing(name: string): boolean {
  return name === "HSET"
}

/** Whether a command changes the keyspace. */
export function isWrite(name: string): boolean {
  return ["HSET", "HDEL", "DEL", "PEXPIREAT"].includes(name)
}

const COMMANDS: Readonly<Record<string, Command>> = {
  TIME: ({ micros }) => [String(Math.floor(micros / 1_000_000)), String(micros % 1_000_000)],
  HGET: ({ keyspace, now }, key, field) => hash(keyspace.get(key, now)?.value).get(field) ?? null,
  HMGET: ({ keyspace, now }, key, ...fields) => {
    const fieldsOf = hash(keyspace.get(key, now)?.value)
    return fields.map((field) => fieldsOf.get(field) ?? null)
  },
  HSET: ({ keyspace, now, at }, key, ...pairs) => {
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
  DEL: ({ keyspace, now, at }, key) => {
    if (keyspace.get(key, now) === undefined) return 0
    keyspace.delete(key, at)
    return 1
  },
  PEXPIREAT: ({ keyspace, now, at }, key, time) => {
    const entry = keyspace.get(key, now)
    const expiresAt = whole(time)
    if (entry === undefined) return 0
    if (expiresAt <= now) keyspace.delete(key, at)
    else keyspace.set(key, { ...entry, expiresAt }, at)
    return 1
  },
  PUBLISH: ({ publish }, channel, message) => publish(channel, message),
}

function hash(value: Stored | undefined): ReadonlyMap<string, string> {
  if (value === undefined) return new Map()
  if (typeof value !== "string") return value
  throw new ErrorReply(WRONG_TYPE)
}

function whole(given: string | undefined): number {
  if (given !== undefined && /^-?\d{1,16}$/.test(given)) return Number(given)
  throw new ErrorReply("ERR value is not an integer or out of range")
}
