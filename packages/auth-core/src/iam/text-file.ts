import { AuthError } from "../errors/auth-error.ts"

/** A file that changed so lately may still be being written. */
const SETTLED_AFTER_MS = 50
const MOST_READS = 20

/**
 * Reads a text file, once it has stopped changing; `undefined` when there is none. For Node.js, Bun and Deno; the modules
 * are asked for when used, so that bundles for browsers and workers hold no trace of them.
 *
 * @throws {AuthError} `AUTH_INVALID_CREDENTIALS` when there is a file that cannot be read.
 */
export async function readTextFile(path: string): Promise<string | undefined> {
  const files = globalThis.process?.getBuiltinModule?.("node:fs/promises")
  if (files === undefined) return undefined
  try {
    for (let reads = 1; ; reads++) {
      const text = await files.readFile(path, "utf8")
      const { mtimeMs } = await files.stat(path)
      const ageMs = Date.now() - mtimeMs
      if (ageMs < 0 || ageMs >= SETTLED_AFTER_MS || reads === MOST_READS) return text.replace(/^\uFEFF/, "")
      await new Promise((resolve) => setTimeout(resolve, SETTLED_AFTER_MS))
    }
  } catch (error) {
    const code = error instanceof Error && "code" in error ? String(error.code) : "unknown failure"
    if (code === "ENOENT" || code === "ENOTDIR") return undefined
    throw new AuthError("AUTH_INVALID_CREDENTIALS", `The file ${path} cannot be read (${code}): check its permissions.`)
  }
}

/** The home directory, where the runtime has one. */
export function homeDirectory(): string | undefined {
  return globalThis.process?.getBuiltinModule?.("node:os")?.homedir()
}
