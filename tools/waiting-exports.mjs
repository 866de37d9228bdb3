// Entries whose rarely used exports wait: the file that holds them is loaded when one of them is called.
import { readFileSync, writeFileSync } from "node:fs"
import { createRequire } from "node:module"
import { join, resolve } from "node:path"
import { parseSync } from "rolldown/utils"

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
  const getters = [...waiting].map((name) => `get ${name}() { return require("./${holders.get(name)}").${name} }`)

  for (const { fileName } of chunks) {
    const path = join(folder, fileName)
    const code = withPlainExports(readFileSync(path, "utf8"))
    writeFileSync(path, fileName === "start.js" ? `${code}exports.waiting = { ${getters.join(", ")} }\n` : code)
  }
  for (const entry of entries) {
    const path = join(folder, entry.name)
    if (isFacade(entry)) writeFacade(path, entry.exports, isWaiting)
    else writeFileSync(`${path}.mjs`, importing(entry.name, entry.exports))
  }
  const start = createRequire(import.meta.url)(resolve(folder, "start.js"))
  for (const name of waiting)
    if (typeof start.waiting[name] !== "function" || /^class\b/.test(String(start.waiting[name])))
      throw new Error(`${name} cannot wait: it is no function. Put its file among those of the start.`)
}

function writeFacade(path, names, isWaiting) {
  const atHand = names.filter((name) => !isWaiting(name))
  const waiting = names.filter(isWaiting)
  const lines = [
    'const start = require("./start.js")',
    ...atHand.map((name) => `exports.${name} = start.${name}`),
    // No getters: a test may replace an export, and Jest mocks no getter.
    ...waiting.map((name) => `exports.${name} = (...given) => start.waiting.${name}(...given)`),
  ]
  writeFileSync(`${path}.js`, `${lines.join("\n")}\n`)
  // After its first call an export is the function itself.
  const called = waiting.map((name) => `export let ${name} = (...given) => (${name} = own.waiting.${name})(...given)\n`)
  writeFileSync(`${path}.mjs`, importing("start", atHand) + called.join(""))
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
