// Run in a package's folder after tsc: makes what programs load of its sources, and the types of CommonJS.
import { globSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { createRequire } from "node:module"
import { dirname, join, relative, resolve } from "node:path"
import { rolldown } from "rolldown"
import { parseSync, transformSync } from "rolldown/utils"
import { writeEntries } from "./waiting-exports.mjs"

const { bin = {}, exports, imports = {}, peerDependencies = {} } = JSON.parse(readFileSync("package.json", "utf8"))
const sourceOf = (output) => resolve(output.replace(/^(?:\.\/)?dist\/(?:modules\/)?/, "src/").replace(/\.js$/, ".ts"))
const nameOf = (source) => relative("src", source).replaceAll("\\", "/").replace(/\.ts$/, "")

const entries = Object.values(exports).filter(({ types }) => types !== undefined)
const sources = entries.map((conditions) => sourceOf(conditions.default))
const alias = Object.fromEntries(Object.entries(imports).map(([name, { node }]) => [name, sourceOf(node)]))
/** Such a package has the modules of its sources for bundlers, and its CommonJS build for everything else. */
const isSplit = entries.some(({ node }) => node !== undefined)

const minified = {
  comments: { jsdoc: false, legal: false },
  // Node shows an object with the name of its class.
  minify: {
    compress: { keepNames: { function: false, class: true } },
    mangle: { toplevel: true, keepNames: { function: false, class: true } },
    codegen: { removeWhitespace: true },
  },
}
/** Node reads a file of ASCII several times faster. */
const ascii = {
  name: "ascii",
  renderChunk: (code) =>
    code.replaceAll(/[^\0-\x7f]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`),
}

/** Begins a line with each statement and each member of a class: Node prints the line of an error that nobody catches. */
function breakLines(folder) {
  for (const file of globSync("**/*.js", { cwd: folder })) {
    const path = join(folder, file)
    const code = readFileSync(path, "utf8")
    const starts = parseSync(file, code).program.body.flatMap((statement) => [statement, ...membersIn(statement)])
    const places = [...new Set(starts.map(({ start }) => start))].sort((a, b) => a - b)
    const pieces = places.map((place, index) => code.slice(place, places[index + 1]).trimEnd())
    writeFileSync(path, `${[code.slice(0, places[0]).trimEnd(), ...pieces].filter(Boolean).join("\n")}\n`)
  }
}

function membersIn({ declaration, declarations = [], type, body }) {
  if (type === "ClassDeclaration" || type === "ClassExpression") return body.body
  return [declaration, ...declarations.map(({ init }) => init)].flatMap((one) => (one ? membersIn(one) : []))
}

/** Whether a module belongs to one entry alone: a folder of the entry's name is loaded with it, not with the others. */
const isOfOneEntry = (id) => sources.some((source) => id === source || id.startsWith(source.replace(/\.ts$/, "/")))
/**
 * These send requests with a key or a token at hand. A start loads them with what they import, and the class that programs may extend. The
 * cache that this class makes is in a file of its own.
 */
const STARTING =
  /^(?:auth.(?:[\w-]+|take-turn\.chunk)|engine.(?:authenticated|gate|client-body)[\w-]*|cache.token-cache)\.ts$/
/** The others wait, in these files, until one of their functions is called. */
const WAITING = { engine: /^(?!signing|cache|credentials|iam|partner|tokens)/, signing: /^signing/, iam: /./ }
/** What the class `TokenCache` stands on. */
const OF_CACHE = /^cache.(?!token-cache|fingerprint)/
const importsOf = new Map()
const starting = new Set()
const cache = new Set()
const waiting = new Set()
const graph = {
  name: "graph",
  moduleParsed: ({ id, importedIds }) => void importsOf.set(id, importedIds),
  renderStart() {
    for (const id of importsOf.keys()) if (STARTING.test(relative("src", id))) starting.add(id)
    for (const source of sources) for (const id of importsOf.get(source)) waiting.add(id)
    for (const id of starting)
      for (const one of importsOf.get(id) ?? []) (OF_CACHE.test(relative("src", one)) ? cache : starting).add(one)
    for (const set of [cache, waiting]) for (const id of set) for (const one of importsOf.get(id) ?? []) set.add(one)
  },
}
/** Few files, since each takes a third of a millisecond, and with little that is not needed: a third of a start is for reading the code. */
const groups = [
  { name: "start", test: (id) => starting.has(id) },
  { name: "cache", test: (id) => cache.has(id) },
  ...Object.entries(WAITING).map(([name, folders]) => ({
    name,
    test: (id) => waiting.has(id) && !isOfOneEntry(id) && folders.test(relative("src", id)),
  })),
]

const inputs = (files) => Object.fromEntries(files.map((source) => [nameOf(source), source]))
const build = {
  platform: "node",
  external: /^(?:node:|@?[a-z])/,
  // Parts of the core import each other.
  ...(isSplit ? { preserveEntrySignatures: "allow-extension" } : {}),
  resolve: { alias },
  plugins: [ascii, graph],
  // A chunk may be part of what a start loads.
  checks: { ineffectiveDynamicImport: false },
}
const written = { chunkFileNames: "[name].js", comments: { jsdoc: false } }
await using bundle = await rolldown({ ...build, input: inputs(sources) })
const ofCore = {
  ...minified,
  minifyInternalExports: false,
  codeSplitting: { groups, includeDependenciesRecursively: false },
}
const { output } = await bundle.write({ ...written, ...(isSplit ? ofCore : {}), dir: "dist/cjs", format: "cjs" })
writeFileSync("dist/cjs/package.json", `${JSON.stringify({ type: "commonjs" })}\n`)

if (isSplit) {
  writeEntries(output, "dist/cjs")
  breakLines("dist/cjs")
  const ofRuntimes = Object.values(imports).flatMap(({ node, default: other }) => [sourceOf(node), sourceOf(other)])
  // Bundlers leave out the modules that are unused, and load some on demand.
  await using modules = await rolldown({
    input: Object.fromEntries([...sources, ...ofRuntimes].map((source) => [nameOf(source), source])),
    platform: "neutral",
    external: (id) => !/^[./]/.test(id),
  })
  await modules.write({
    ...minified,
    dir: "dist/modules",
    format: "esm",
    preserveModules: true,
    preserveModulesRoot: "src",
  })
  breakLines("dist/modules")
  // Rolldown would list all exports of the main entry again, in an order by which it later gives a program one file more.
  const { code } = transformSync("adapter.ts", readFileSync("src/adapter.ts", "utf8"))
  writeFileSync("dist/modules/adapter.js", code.replaceAll('.ts"', '.js"').replaceAll(/^\/\/.*\n/gm, ""))
} else {
  for (const file of globSync("dist/**/*.js", { exclude: ["dist/cjs/**", "dist/ui/**"] })) rmSync(file)
  const programs = Object.values(bin).map(sourceOf)
  await using modules = await rolldown({ ...build, input: inputs([...sources, ...programs]) })
  await modules.write({ ...written, dir: "dist", format: "esm" })
}

/** A file of declarations and those that it imports. */
function declarationsOf(file, found = new Set()) {
  if (found.has(file)) return found
  found.add(file)
  for (const [, specifier] of readFileSync(join("dist", file), "utf8").matchAll(
    /(?: from |\bimport ?\(?)"(\.[^"]+)"/g,
  )) {
    const path = join(dirname(file), specifier).replaceAll("\\", "/")
    declarationsOf(path.replace(/(?:\.d)?\.[jt]s$/, ".d.ts"), found)
  }
  return found
}

/** The declarations that users' programs read. The others are for this workspace, and are not packed. */
const declared = new Set(sources.flatMap((source) => [...declarationsOf(`${nameOf(source)}.d.ts`)]))
const undeclared = globSync("**/*.d.ts", { cwd: "dist", exclude: ["cjs/**"] })
  .map((file) => file.replaceAll("\\", "/"))
  .filter((file) => !declared.has(file))
writeFileSync("dist/.npmignore", undeclared.map((file) => `/${file}\n`).join(""))

/** A client that has other types for CommonJS, so that the types of its adapter differ too. */
const hasTypesOfTwoKinds = (name) =>
  JSON.stringify(JSON.parse(readFileSync(`../../node_modules/${name}/package.json`, "utf8")).exports)?.includes(
    ".d.cts",
  )
const clients = Object.keys(peerDependencies).filter(hasTypesOfTwoKinds)
const namesClient = (file) => clients.some((name) => readFileSync(join("dist", file), "utf8").includes(`"${name}"`))

for (const name of sources.map(nameOf)) {
  const files = [...declarationsOf(`${name}.d.ts`)]
  if (!files.some(namesClient)) writeReference(name)
  else {
    for (const file of files) {
      mkdirSync(dirname(join("dist/cjs", file)), { recursive: true })
      writeFileSync(join("dist/cjs", file), readFileSync(join("dist", file)))
    }
  }
}

/** Writes the types of an entry for CommonJS, which name those of the module. */
function writeReference(name) {
  const require = createRequire(import.meta.url)
  const original = `"../${name}.js" with { "resolution-mode": "import" }`
  const { module } = parseSync(`${name}.d.ts`, readFileSync(`dist/${name}.d.ts`, "utf8"))
  const valuesOf = (entry) => Object.entries(require(resolve(`dist/cjs/${entry}.js`)))
  const entries = module.staticExports.flatMap((one) => one.entries)
  const names = entries.flatMap(({ exportName }) => exportName.name ?? [])
  const all = entries.filter(({ importName }) => importName.kind === "AllButDefault")
  const others = all.map(({ moduleRequest }) => nameOf(sourceOf(moduleRequest.value.replace("./", "dist/"))))
  const inherited = others.flatMap(valuesOf).map(([value]) => value)
  const values = valuesOf(name).filter(([value]) => !inherited.includes(value))
  const types = names.filter((type) => values.every(([value]) => value !== type))
  const lines = values.map(([value, made]) => {
    const type = /^class\b/.test(String(made)) ? `export type ${value} = core.${value}\n` : ""
    return `${type}export declare const ${value}: typeof core.${value}\n`
  })
  const head = values.length > 0 ? `import type * as core from ${original}\n` : ""
  const rest = types.length > 0 ? `export type { ${types.join(", ")} } from ${original}\n` : ""
  const reexported = others.map((other) => `export * from "./${other}.js"\n`)
  writeFileSync(`dist/cjs/${name}.d.ts`, head + rest + reexported.join("") + lines.join("") || "export {}\n")
}
