import { isTruthy, LuaTable, type LuaValue, numberText, toNumber } from "./lua-values.ts"

/** The part of Lua's library that scripts of Redis use. */
export const luaLibrary: ReadonlyMap<string, LuaValue> = new Map<string, LuaValue>([
  ["tonumber", (value) => toNumber(value)],
  [
    "tostring",
    (value) => (typeof value === "number" ? numberText(value) : value === undefined ? "nil" : String(value)),
  ],
  ["type", (value) => typeOf(value)],
  [
    "math",
    LuaTable.record({
      floor: (value) => Math.floor(Number(value)),
      ceil: (value) => Math.ceil(Number(value)),
      max: (...values) => Math.max(...values.map(Number)),
      min: (...values) => Math.min(...values.map(Number)),
    }),
  ],
  [
    "string",
    LuaTable.record({
      sub: (text, from, to) => part(String(text), Number(from), to === undefined ? -1 : Number(to)),
      format: (form, ...values) => formatted(String(form), values),
      len: (text) => String(text).length,
    }),
  ],
  ["assert", (value) => (isTruthy(value) ? value : failed())],
])

function typeOf(value: LuaValue): string {
  if (value === undefined) return "nil"
  return value instanceof LuaTable ? "table" : typeof value
}

/** Places count from 1, or from the end when they are negative. */
function part(text: string, from: number, to: number): string {
  const start = from < 0 ? Math.max(0, text.length + from) : Math.max(0, from - 1)
  return text.slice(start, to < 0 ? text.length + to + 1 : to)
}

function formatted(form: string, values: readonly LuaValue[]): string {
  let index = 0
  return form.replace(/%(?:%|(\.0f|d|s|0\d+d)|.)/g, (found: string, kind: string | undefined) => {
    if (found === "%%") return "%"
    if (kind === undefined) throw new Error(`The model of Lua lacks the format ${found}.`)
    const value = values[index++]
    if (kind === "s") return typeof value === "number" ? numberText(value) : String(value)
    const number = Number(value)
    const text = BigInt(kind === ".0f" ? Math.round(number) : Math.trunc(number)).toString()
    return kind.startsWith("0") ? text.padStart(Number(kind.slice(1, -1)), "0") : text
  })
}

function failed(): never {
  throw new Error("assertion failed!")
}
