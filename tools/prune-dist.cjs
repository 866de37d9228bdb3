// Run in a package's folder before it is built: removes from dist all but what tsc made of today's sources, since dist gets cached and
// published.
const { existsSync, readdirSync, rmSync } = require("node:fs")
const { join } = require("node:path")

const files = existsSync("dist") ? readdirSync("dist", { recursive: true, withFileTypes: true }) : []
for (const file of files.filter((entry) => entry.isFile())) {
  const output = join(file.parentPath, file.name)
  const source = output.replace(/^dist/, "src").replace(/(\.d\.ts|\.js)$/, ".ts")
  if (file.name !== ".tsbuildinfo" && !existsSync(source)) rmSync(output)
}
