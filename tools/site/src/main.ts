// Builds the site into `dist`. With `--dev`, shows it on a local server that follows changes of the assembled pages.
import { join } from "node:path"
import { build, createServer } from "vitepress"
import { assemblePages } from "./assemble.ts"

const root = join(import.meta.dirname, "..")
await assemblePages()
if (process.argv.includes("--dev")) {
  const server = await createServer(root)
  await server.listen()
  server.printUrls()
} else {
  await build(root)
}
