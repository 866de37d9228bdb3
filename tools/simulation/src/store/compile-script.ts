import { type Expression, parse, type Statement } from "luaparse"
import { luaLibrary } from "./lua-library.ts"
import { isTruthy, type LuaFunction, LuaTable, type LuaValue, toNumber } from "./lua-values.ts"

/** The names that a script finds beside the library of Lua: KEYS, ARGV and redis. */
export type Globals = ReadonlyMap<string, LuaValue>

/** A compiled script. */
export type Script = (globals: Globals) => LuaValue

/** The variables of one run. */
interface Frame {
  readonly globals: Globals
  readonly locals: LuaValue[]
}

type Evaluate = (frame: Frame) => LuaValue
/** Ends with a result when the statement returns. */
type Execute = (frame: Frame) => { readonly result: LuaValue } | undefined

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
  return (globals) => run({ globals, locals: [] })?.result
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
          for (let index = 0; index < places.length; index++) frame.locals[places[index] ?? 0] = results[index]
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
        if (first === undefined) throw lacking("a return of nothing")
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
          const value = globals.get(name) ?? luaLibrary.get(name)
          if (value !== undefined) return value
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
        if (expression.operator !== "not") throw lacking(`the operator ${expression.operator}`)
        const argument = this.#expression(expression.argument, scope)
        return (frame) => !isTruthy(argument(frame))
      }
      case "TableConstructorExpression": {
        const values = expression.fields.map((field) => {
          if (field.type !== "TableValue") throw lacking("a table with keys")
          return this.#expression(field.value, scope)
        })
        return (frame) => LuaTable.of(values.map((value) => value(frame)))
      }
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
        for (let index = 0; index < places.length; index++) frame.locals[places[index] ?? 0] = given[index]
        return run(frame)?.result
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
    if (expression.type === "IndexExpression") {
      const [base, index] = [this.#expression(expression.base, scope), this.#expression(expression.index, scope)]
      return (frame, value) => tableOf(base(frame)).set(index(frame), value)
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
  ">": (left, right) => comparable(left) > comparable(right),
  "+": (left, right) => numberOf(left) + numberOf(right),
  "-": (left, right) => numberOf(left) - numberOf(right),
  "*": (left, right) => numberOf(left) * numberOf(right),
  "/": (left, right) => numberOf(left) / numberOf(right),
  "..": (left, right) => textOf(left) + textOf(right),
}

function comparable(value: LuaValue): number {
  if (typeof value === "number") return value
  throw new Error(`attempt to compare a ${typeof value} value`)
}

function textOf(value: LuaValue): string {
  if (typeof value === "string") return value
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

function lacking(construct: string): Error {
  return new Error(`The model of Redis lacks ${construct} of Lua: add it, and test it on a real one.`)
}
