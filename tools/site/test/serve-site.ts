import { readFile } from "node:fs/promises"
import { createServer } from "node:http"
import type { AddressInfo } from "node:net"
import { extname, join } from "node:path"
import { siteFolder } from "../src/workspace.ts"

const TYPES: Readonly<Record<string, string>> = {
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript",
  ".css": "text/css",
  ".svg": "image/svg+xml",
  ".png": "image/png",
}

/** Serves the built site as a host of static files does, with addresses without `.html`. */
export async function serveSite(): Promise<{ origin: string; close(): void }> {
  const server = createServer(async ({ url = "/" }, response) => {
    const path = decodeURIComponent(new URL(url, "http://site").pathname)
    const file = path.endsWith("/") ? `${path}index.html` : extname(path) in TYPES ? path : `${path}.html`
    try {
      const content = await readFile(join(siteFolder, file))
      response.writeHead(200, { "content-type": TYPES[extname(file)] }).end(content)
    } catch {
      response.writeHead(404, { "content-type": TYPES[".html"] }).end(await readFile(join(siteFolder, "404.html")))
    }
  })
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve))
  return { origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, close: () => server.close() }
}
