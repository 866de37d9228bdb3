import { ErrorReply, type Reply } from "./replies.ts"

/** A value of a script. `undefined` is nil. */
export type LuaValue = undefined | boolean | number | string | LuaTable | LuaFunction

export type LuaFunction = (...given: LuaValue[]) => LuaValue

/** A table: an array, a record, or both. */
export class LuaTable {
  readonly fields = new Map<LuaValue, LuaValue>()

  static of(list: readonly LuaValue[]): LuaTable {
    const table = new LuaTable()
    for (const [index, value] of list.entries()) table.set(index + 1, value)
    return table
  }

  static record(fields: Readonly<Record<string, LuaValue>>): LuaTable {
    const table = new LuaTable()
    for (const [name, value] of Object.entries(fields)) table.set(name, value)
    return table
  }

  get(key: LuaValue): LuaValue {
    return this.fields.get(key)
  }

  set(key: LuaValue, value: LuaValue): void {
    if (value === undefined) this.fields.delete(key)
    else this.fields.set(key, value)
  }

  /** The values from 1 up to the first gap. */
  list(): LuaValue[] {
    const list: LuaValue[] = []
    for (let index = 1; this.fields.has(index); index++) list.push(this.fields.get(index))
    return list
  }
}

/** A number, or a text of one; nothing for anything else. */
export function toNumber(value: LuaValue): number | undefined {
  if (typeof value === "number") return value
  if (typeof value !== "string" || value.trim() === "") return undefined
  const number = Number(value)
  return Number.isNaN(number) ? undefined : number
}

export function isTruthy(value: LuaValue): boolean {
  return value !== undefined && value !== false
}

/** A reply as a script sees it. @see Redis documentation, "Redis and Lua data types" */
export function fromReply(reply: Reply): LuaValue {
  if (reply === null) return false
  return typeof reply === "object" ? LuaTable.of(reply.map(fromReply)) : reply
}

/** The result of a script as a reply. */
export function toReply(value: LuaValue): Reply {
  if (value === undefined || value === false) return null
  if (typeof value === "number") return Math.trunc(value)
  if (typeof value === "string") return value
  if (value === true || typeof value === "function") throw new Error("The model of Redis lacks such a result.")
  const error = value.get("err")
  if (typeof error === "string") throw new ErrorReply(error)
  return value.list().map(toReply)
}
