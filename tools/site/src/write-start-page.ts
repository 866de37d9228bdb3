// Writes docs/start.md from the ways to authenticate and the clients.
import { writeFile } from "node:fs/promises"
import { join } from "node:path"
import { startPage } from "./start/start-page.ts"
import { workspace } from "./workspace.ts"

await writeFile(join(workspace, "docs/start.md"), startPage())
