// Run in a package's folder after it is built: makes one file of the modules that Node, Bun and Deno load, since each file costs a
// start a third of a millisecond. The `default` condition keeps the modules of tsc, of which bundlers leave out what is unused.
import { readFileSync } from "node:fs"
import { resolve } from "node:path"
import { rolldown } from "rolldown"

const { exports, imports = {} } = JSON.parse(readFileSync("package.json", "utf8"))
const sourceOf = (output) => resolve(output.replace("./dist/", "src/").replace(/\.js$/, ".ts"))

const entries = Object.values(exports)
  .filter(({ node }) => node !== undefined)
  .map((conditions) => sourceOf(conditions.default))
const alias = Object.fromEntries(Object.entries(imports).map(([name, { node }]) => [name, sourceOf(node)]))

const bundle = await rolldown({
  input: entries,
  platform: "node",
  external: /^(?:node:|@?[a-z])/,
  resolve: { alias },
  // What browsers load on demand is at hand here.
  checks: { ineffectiveDynamicImport: false },
})
await bundle.write({
  dir: "dist/node",
  sourcemap: true,
  // The package has its sources beside.
  sourcemapExcludeSources: true,
  comments: { jsdoc: false },
  chunkFileNames: "[name].js",
  codeSplitting: { groups: [{ name: "modules", test: (id) => !entries.includes(id) }] },
})
await bundle.close()
