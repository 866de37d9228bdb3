import { type Expression, parse, type Statement } from "luaparse"
import { isTruthy, type LuaFunction, LuaTable, type LuaValue, numberText, toNumber } from "./lua-values.ts"

/** The names that a script finds: KEYS, ARGV, redis, and the library of Lua. */
export type Globals = ReadonlyMap<string, LuaValue>

/** A compiled script. */
export type Script = (globals: Globals) => LuaValue

/** The variables of one run. */
interface Frame {
  readonly globals: Globals
  readonly locals: LuaValue[]
}

type Evaluate = (frame: Frame) => LuaValue
/** Ends with a result when the statement returns from the script, with {@link BROKEN} for a break. */
type Execute = (frame: Frame) => Ending | undefined
type Ending = { readonly result: LuaValue } | typeof BROKEN

const BROKEN = Symbol("break")

/** The place of each local variable by its name. */
type Scope = Map<string, number>

/**
 * Compiles a script of Redis: the part of Lua 5.1 that such scripts use. Throws for anything else, so that no script runs
 * otherwise than on a server.
 */
export function compileScript(text: string): Script {
  const { body } = parse(text, { luaVersion: "5.1", encodingMode: "pseudo-latin1", comments: false })
  const compiler = new Compiler()
  const run = compiler.block(body, new Map())
  return (globals) => {
    const ending = run({ globals, locals: [] })
    return ending === undefined || ending === BROKEN ? undefined : ending.result
  }
}

class Compiler {
  #places = 0

  block(statements: readonly Statement[], outer: Scope): Execute {
    const scope = new Map(outer)
    const steps = statements.map((statement) => this.#statement(statement, scope))
    return (frame) => {
      for (const step of steps) {
        const ending = step(frame)
        if (ending !== undefined) return ending
      }
      return undefined
    }
  }

  #statement(statement: Statement, scope: Scope): Execute {
    switch (statement.type) {
      case "LocalStatement": {
        const values = statement.init.map((one) => this.#expression(one, scope))
        const places = statement.variables.map(({ name }) => this.#declare(name, scope))
        return (frame) => {
          const results = values.map((value) => value(frame))
          for (const [index, place] of places.entries()) frame.locals[place] = results[index]
          return undefined
        }
      }
      case "AssignmentStatement": {
        const values = statement.init.map((one) => this.#expression(one, scope))
        const targets = statement.variables.map((one) => this.#target(one, scope))
        return (frame) => {
          const results = values.map((value) => value(frame))
          for (const [index, target] of targets.entries()) target(frame, results[index])
          return undefined
        }
      }
      case "CallStatement": {
        const call = this.#expression(statement.expression, scope)
        return (frame) => {
          call(frame)
          return undefined
        }
      }
      case "ReturnStatement": {
        const [first] = statement.arguments
        if (first === undefined) return () => ({ result: undefined })
        const value = this.#expression(first, scope)
        return (frame) => ({ result: value(frame) })
      }
      case "IfStatement": {
        const clauses = statement.clauses.map((clause) => ({
          condition: clause.type === "ElseClause" ? () => true : this.#expression(clause.condition, scope),
          body: this.block(clause.body, scope),
        }))
        return (frame) => clauses.find(({ condition }) => isTruthy(condition(frame)))?.body(frame)
      }
      case "DoStatement":
        return this.block(statement.body, scope)
      case "WhileStatement": {
        const condition = this.#expression(statement.condition, scope)
        const body = this.block(statement.body, scope)
        return (frame) => {
          while (isTruthy(condition(frame))) {
            const ending = body(frame)
            if (ending === BROKEN) return undefined
            if (ending !== undefined) return ending
          }
          return undefined
        }
      }
      case "BreakStatement":
        return () => BROKEN
      case "ForNumericStatement": {
        const [start, end] = [this.#expression(statement.start, scope), this.#expression(statement.end, scope)]
        const step = statement.step === null ? () => 1 : this.#expression(statement.step, scope)
        const inner = new Map(scope)
        const place = this.#declare(statement.variable.name, inner)
        const body = this.block(statement.body, inner)
        return (frame) => {
          const by = numberOf(step(frame))
          const last = numberOf(end(frame))
          for (let index = numberOf(start(frame)); by > 0 ? index <= last : index >= last; index += by) {
            frame.locals[place] = index
            const ending = body(frame)
            if (ending === BROKEN) return undefined
            if (ending !== undefined) return ending
          }
          return undefined
        }
      }
      case "ForGenericStatement": {
        const [iterator] = statement.iterators
        const inner = new Map(scope)
        const [keyPlace, valuePlace] = statement.variables.map(({ name }) => this.#declare(name, inner))
        const isListed =
          iterator?.type === "CallExpression" && iterator.base.type === "Identifier" && iterator.base.name === "ipairs"
        const [listed] = isListed ? iterator.arguments : []
        if (listed === undefined || keyPlace === undefined) throw lacking("a loop over anything but ipairs")
        const list = this.#expression(listed, scope)
        const body = this.block(statement.body, inner)
        return (frame) => {
          for (const [index, value] of tableOf(list(frame)).list().entries()) {
            frame.locals[keyPlace] = index + 1
            if (valuePlace !== undefined) frame.locals[valuePlace] = value
            const ending = body(frame)
            if (ending === BROKEN) return undefined
            if (ending !== undefined) return ending
          }
          return undefined
        }
      }
      case "FunctionDeclaration": {
        const { identifier, isLocal } = statement
        if (identifier?.type !== "Identifier" || !isLocal) throw lacking("a function that is not local")
        const place = this.#declare(identifier.name, scope)
        const value = this.#function(statement, scope)
        return (frame) => {
          frame.locals[place] = value(frame)
          return undefined
        }
      }
      default:
        throw lacking(statement.type)
    }
  }

  #expression(expression: Expression, scope: Scope): Evaluate {
    switch (expression.type) {
      case "StringLiteral":
      case "NumericLiteral":
      case "BooleanLiteral": {
        const { value } = expression
        return () => value
      }
      case "NilLiteral":
        return () => undefined
      case "Identifier": {
        const { name } = expression
        const place = scope.get(name)
        if (place !== undefined) return ({ locals }) => locals[place]
        return ({ globals }) => {
          if (globals.has(name)) return globals.get(name)
          throw new Error(`Script attempted to access nonexistent global variable '${name}'`)
        }
      }
      case "MemberExpression": {
        const base = this.#expression(expression.base, scope)
        const { name } = expression.identifier
        return (frame) => tableOf(base(frame)).get(name)
      }
      case "IndexExpression": {
        const [base, index] = [this.#expression(expression.base, scope), this.#expression(expression.index, scope)]
        return (frame) => tableOf(base(frame)).get(index(frame))
      }
      case "CallExpression": {
        const called = this.#expression(expression.base, scope)
        const given = expression.arguments.map((one) => this.#expression(one, scope))
        return (frame) => functionOf(called(frame))(...given.map((one) => one(frame)))
      }
      case "LogicalExpression": {
        const [left, right] = [this.#expression(expression.left, scope), this.#expression(expression.right, scope)]
        const endsWith = expression.operator === "or"
        return (frame) => {
          const value = left(frame)
          return isTruthy(value) === endsWith ? value : right(frame)
        }
      }
      case "BinaryExpression": {
        const [left, right] = [this.#expression(expression.left, scope), this.#expression(expression.right, scope)]
        const operate = BINARY[expression.operator]
        if (operate === undefined) throw lacking(`the operator ${expression.operator}`)
        return (frame) => operate(left(frame), right(frame))
      }
      case "UnaryExpression": {
        const argument = this.#expression(expression.argument, scope)
        if (expression.operator === "not") return (frame) => !isTruthy(argument(frame))
        if (expression.operator === "-") return (frame) => -numberOf(argument(frame))
        return (frame) => {
          const value = argument(frame)
          return typeof value === "string" ? value.length : tableOf(value).list().length
        }
      }
      case "TableConstructorExpression": {
        const fields = expression.fields.map((field) => ({
          key:
            field.type === "TableKey"
              ? this.#expression(field.key, scope)
              : field.type === "TableKeyString"
                ? constant(field.key.name)
                : undefined,
          value: this.#expression(field.value, scope),
        }))
        return (frame) => {
          const table = new LuaTable()
          let index = 1
          for (const { key, value } of fields) table.set(key === undefined ? index++ : key(frame), value(frame))
          return table
        }
      }
      case "FunctionDeclaration":
        return this.#function(expression, scope)
      default:
        throw lacking(expression.type)
    }
  }

  /** Each variable of a script has one place, so no function may call itself. Scripts of Redis need no such function. */
  #function({ parameters, body }: FunctionDeclaration, scope: Scope): Evaluate {
    const inner = new Map(scope)
    const places = parameters.map((parameter) => {
      if (parameter.type !== "Identifier") throw lacking("a varying number of arguments")
      return this.#declare(parameter.name, inner)
    })
    const run = this.block(body, inner)
    return (frame) =>
      (...given) => {
        for (const [index, place] of places.entries()) frame.locals[place] = given[index]
        const ending = run(frame)
        return ending === undefined || ending === BROKEN ? undefined : ending.result
      }
  }

  #target(expression: Expression, scope: Scope): (frame: Frame, value: LuaValue) => void {
    if (expression.type === "Identifier") {
      const place = scope.get(expression.name)
      // Redis forbids global variables.
      if (place === undefined) throw new Error(`Script attempted to create global variable '${expression.name}'`)
      return ({ locals }, value) => {
        locals[place] = value
      }
    }
    if (expression.type === "MemberExpression" || expression.type === "IndexExpression") {
      const base = this.#expression(expression.base, scope)
      const key =
        expression.type === "MemberExpression"
          ? constant(expression.identifier.name)
          : this.#expression(expression.index, scope)
      return (frame, value) => tableOf(base(frame)).set(key(frame), value)
    }
    throw lacking(`an assignment to ${expression.type}`)
  }

  #declare(name: string, scope: Scope): number {
    const place = this.#places++
    scope.set(name, place)
    return place
  }
}

type FunctionDeclaration = Extract<Statement, { type: "FunctionDeclaration" }>

const BINARY: Readonly<Record<string, (left: LuaValue, right: LuaValue) => LuaValue>> = {
  "==": (left, right) => left === right,
  "~=": (left, right) => left !== right,
  "<": (left, right) => compared(left, right) < 0,
  "<=": (left, right) => compared(left, right) <= 0,
  ">": (left, right) => compared(left, right) > 0,
  ">=": (left, right) => compared(left, right) >= 0,
  "+": (left, right) => numberOf(left) + numberOf(right),
  "-": (left, right) => numberOf(left) - numberOf(right),
  "*": (left, right) => numberOf(left) * numberOf(right),
  "/": (left, right) => numberOf(left) / numberOf(right),
  "%": (left, right) => numberOf(left) - Math.floor(numberOf(left) / numberOf(right)) * numberOf(right),
  "..": (left, right) => textOf(left) + textOf(right),
}

function compared(left: LuaValue, right: LuaValue): number {
  if (typeof left === "number" && typeof right === "number") return left - right
  if (typeof left === "string" && typeof right === "string") return left < right ? -1 : left > right ? 1 : 0
  throw new Error(`attempt to compare ${typeof left} with ${typeof right}`)
}

function textOf(value: LuaValue): string {
  if (typeof value === "string") return value
  if (typeof value === "number") return numberText(value)
  throw new Error(`attempt to concatenate a ${typeof value} value`)
}

function numberOf(value: LuaValue): number {
  const number = toNumber(value)
  if (number === undefined) throw new Error(`attempt to perform arithmetic on a ${typeof value} value`)
  return number
}

function tableOf(value: LuaValue): LuaTable {
  if (value instanceof LuaTable) return value
  throw new Error(`attempt to index a ${typeof value} value`)
}

function functionOf(value: LuaValue): LuaFunction {
  if (typeof value === "function") return value
  throw new Error(`attempt to call a ${typeof value} value`)
}

function constant(value: LuaValue): Evaluate {
  return () => value
}

function lacking(construct: string): Error {
  return new Error(`The model of Redis lacks ${construct} of Lua: add it, and test it on a real one.`)
}
