// Entries whose rarely used exports wait: the file that holds them is loaded when one of them is called.
import { readFileSync, rmSync, writeFileSync } from "node:fs"
import { createRequire } from "node:module"
import { join, resolve } from "node:path"
import { parseSync } from "rolldown/utils"

/** Each name becomes a function that loads its file when it is first called. */
const WAITING =
  'exports.waiting={};const wait=(load,names)=>{for(const name of names.split(" ")){let own;exports.waiting[name]=(...given)=>(own??=load()[name])(...given)}};\n'

/** Rolldown's helper for `import()` of a part of the same file. In a file of its own it would take longer to load. */
const NAMESPACES =
  "{__exportAll:getters=>{const all={};for(const name in getters)Object.defineProperty(all,name,{get:getters[name],enumerable:true});return all}}"

/**
 * Writes the entries of a CommonJS build, and an `.mjs` beside each, so that a program that imports gets the instance that others require.
 *
 * @param output chunks as Rolldown wrote them. `start.js` holds the exports that are loaded at once.
 */
export function writeEntries(output, folder) {
  const chunks = output.filter(({ isDynamicEntry, isEntry }) => !isDynamicEntry && !isEntry)
  const holders = new Map(chunks.flatMap(({ fileName, exports }) => exports.map((name) => [name, fileName])))
  for (const name of new Set(output.flatMap(({ isEntry, exports }) => (isEntry ? exports : []))))
    if (chunks.filter(({ exports }) => exports.includes(name)).length > 1)
      throw new Error(`Two files export ${name}: give one of the functions another name.`)
  const isWaiting = (name) => holders.get(name) !== "start.js"
  const entries = output.filter(({ isEntry }) => isEntry)
  const isFacade = ({ exports }) => exports.length > 0 && exports.every((name) => holders.has(name))
  const waiting = new Set(entries.filter(isFacade).flatMap(({ exports }) => exports.filter(isWaiting)))
  const byHolder = Map.groupBy(waiting, (name) => holders.get(name))
  const calls = [...byHolder].map(([file, names]) => `wait(() => require("./${file}"), "${names.join(" ")}")\n`)

  const runtime = "rolldown-runtime.js"
  rmSync(join(folder, runtime))
  for (const { fileName, name } of chunks.filter(({ fileName }) => fileName !== runtime)) {
    const path = join(folder, fileName)
    const code = withPlainExports(readFileSync(path, "utf8")).replace(`require("./${runtime}")`, NAMESPACES)
    const isStart = name === "start"
    writeFileSync(path, isStart ? requiringLater(code, chunks) + WAITING + calls.join("") : code)
  }
  for (const entry of entries) {
    const path = join(folder, entry.name)
    if (isFacade(entry)) writeFacade(path, entry.exports, isWaiting)
    else writeFileSync(`${path}.mjs`, importing(entry.name, entry.exports))
  }
  const require = createRequire(resolve(folder, "start.js"))
  for (const name of waiting) {
    const value = require(`./${holders.get(name)}`)[name]
    if (typeof value !== "function" || /^class\b/.test(String(value)))
      throw new Error(`${name} cannot wait: it is no function. Put its file among those of the start.`)
  }
}

/** The same code, which requires the chunk of the cache when it first uses one of its exports. */
function requiringLater(code, chunks) {
  const { exports, fileName } = chunks.find(({ name }) => name === "cache")
  const call = `require("./${fileName}")`
  const [declarator, name] = new RegExp(`(\\w+)=${RegExp.escape(call)},`).exec(code)
  const used = exports.filter((one) => code.includes(`${name}.${one}`))
  const getters = used.map((one) => `get ${one}(){return(${name}=${call}).${one}}`)
  return `let ${name}={${getters}};\n${code.replace(declarator, "")}`
}

function writeFacade(path, names, isWaiting) {
  const atHand = names.filter((name) => !isWaiting(name))
  const waiting = names.filter(isWaiting)
  const lines = [
    'const own = require("./start.js")',
    "const { waiting } = own",
    // No getters: a test may replace an export, and Jest mocks no getter.
    ...atHand.map((name) => `exports.${name} = own.${name}`),
    ...waiting.map((name) => `exports.${name} = waiting.${name}`),
  ]
  writeFileSync(`${path}.js`, `${lines.join("\n")}\n`)
  const rest = waiting.length > 0 ? `export const { ${waiting.join(", ")} } = own.waiting\n` : ""
  writeFileSync(`${path}.mjs`, importing("start", atHand) + rest)
}

function importing(file, names) {
  if (names.length === 0) return `import "./${file}.js"\n`
  return `import own from "./${file}.js"\nexport const { ${names.join(", ")} } = own\n`
}

/**
 * The same code with its exports set by one call. A getter for each takes long to read, and Node would make a list of them for importers.
 * No value that is exported changes.
 */
function withPlainExports(code) {
  const exported = parseSync("chunk.js", code).program.body.flatMap((statement) => {
    if (statement.type !== "ExpressionStatement") return []
    const { expression } = statement
    const values = (expression.expressions ?? [expression]).map(exportIn)
    return values.every(Boolean) ? [{ statement, values }] : []
  })
  const kept = exported.reduceRight(
    (rest, { statement }) => rest.slice(0, statement.start) + rest.slice(statement.end),
    code,
  )
  const members = exported.flatMap(({ values }) =>
    values.map(([name, { start, end }]) => `${name}:${code.slice(start, end)}`),
  )
  return `${kept.trimEnd()}\nObject.assign(exports,{${members.join(",")}});\n`
}

/** The name of an export and the expression of its value, if an expression sets one. */
function exportIn({ type, left, right, arguments: [target, name, descriptor] = [] }) {
  if (type === "AssignmentExpression" && left.object?.name === "exports") return [left.property.name, right]
  if (type !== "CallExpression" || target?.name !== "exports" || name.type !== "Literal") return undefined
  const getter = descriptor.properties.find(({ key }) => key.name === "get")
  return getter && [name.value, getter.value.body.body[0].argument]
}
