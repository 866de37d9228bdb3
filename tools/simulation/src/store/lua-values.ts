import { ErrorReply, type Reply, StatusReply } from "./replies.ts"

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

/** A number as Lua 5.1 prints it, with 14 digits. */
export function numberText(value: number): string {
  if (Number.isInteger(value) && Math.abs(value) < 1e14) return String(value)
  const digits = Number(value.toPrecision(14))
  const text = Math.abs(digits) >= 1e14 ? digits.toExponential() : String(digits)
  return text.replace(/e([+-])(\d)$/, "e$10$2")
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
  if (reply instanceof StatusReply) return LuaTable.record({ ok: reply.text })
  return typeof reply === "object" ? LuaTable.of(reply.map(fromReply)) : reply
}

/** The result of a script as a reply. */
export function toReply(value: LuaValue): Reply {
  if (value === undefined || value === false) return null
  if (value === true) return 1
  if (typeof value === "number") return Math.trunc(value)
  if (typeof value === "string") return value
  if (typeof value === "function") throw new Error("A script must not return a function.")
  const [error, status] = [value.get("err"), value.get("ok")]
  if (typeof error === "string") throw new ErrorReply(error)
  if (typeof status === "string") return new StatusReply(status)
  return value.list().map(toReply)
}
