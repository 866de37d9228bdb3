import { readFile } from "node:fs/promises"
import { extname } from "node:path"
import type { Context } from "hono"
import type { ServerEnv } from "../incoming-request.ts"
import { ownFolder } from "../own-package.ts"
import { Refusal } from "../refusal.ts"

/** The built page. */
const FOLDER = ownFolder("dist/ui/")

const TYPES: Readonly<Record<string, string>> = {
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".css": "text/css; charset=utf-8",
  ".svg": "image/svg+xml",
}

const HEADERS = {
  "content-security-policy":
    "default-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; object-src 'none'",
  "x-content-type-options": "nosniff",
  "referrer-policy": "no-referrer",
}

/** Answers with the page. */
export async function staticPage(context: Context<ServerEnv>): Promise<Response> {
  return context.body(await fileNamed("index.html"), 200, headersFor("index.html", "no-cache"))
}

/** Answers with a file of the page, whose name holds a hash of the content. */
export async function staticAsset(context: Context<ServerEnv, "/-/assets/:name">): Promise<Response> {
  const name = context.req.param("name")
  return context.body(await fileNamed(`assets/${name}`), 200, headersFor(name, "max-age=31536000, immutable"))
}

async function fileNamed(name: string): Promise<Uint8Array<ArrayBuffer>> {
  try {
    return new Uint8Array(await readFile(new URL(name, FOLDER)))
  } catch {
    throw new Refusal(404, { error: "The page has no such file. In a working copy, build it first: npm run build." })
  }
}

function headersFor(name: string, cacheControl: string): Record<string, string> {
  return {
    ...HEADERS,
    "content-type": TYPES[extname(name)] ?? "application/octet-stream",
    "cache-control": cacheControl,
  }
}
