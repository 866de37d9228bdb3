import { LuaTable, type LuaValue, toNumber } from "./lua-values.ts"

/** The part of Lua's library that the scripts of the store use. */
export const luaLibrary: ReadonlyMap<string, LuaValue> = new Map<string, LuaValue>([
  ["tonumber", (value) => toNumber(value)],
  [
    "math",
    LuaTable.record({
      floor: (value) => Math.floor(Number(value)),
      max: (...values) => Math.max(...values.map(Number)),
    }),
  ],
  ["string", LuaTable.record({ format: (form, value) => formatted(String(form), value), sub: part })],
])

function formatted(form: string, value: LuaValue): string {
  if (form !== "%.0f") throw new Error(`The model of Lua lacks the format ${form}.`)
  return BigInt(Math.round(Number(value))).toString()
}

/** The characters from one place to another, counted from 1. */
function part(text: LuaValue, from: LuaValue, to: LuaValue): string {
  const [first, last] = [Number(from), Number(to)]
  if (!(first >= 1 && last >= first)) throw new Error("The model of Lua lacks such parts of a text.")
  return String(text).slice(first - 1, last)
}
