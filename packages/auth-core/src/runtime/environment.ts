import { AuthError, isAuthError } from "../errors/auth-error.ts"

/** How soon a cache reads a file or a variable again, to notice a change. */
export const ASK_AGAIN_MS = 10_000

/**
 * An environment variable; `undefined` if it is unset or blank, or if there is no process.
 *
 * @throws {AuthError} `AUTH_INVALID_CREDENTIALS` for a value in quotes, or with a comment after it. Docker, systemd and the
 * like differ in what they strip from such values.
 */
export function environmentVariable(name: string): string | undefined {
  const value = variable(name)?.trim()
  return value === undefined || value === "" ? undefined : checkBare(value, `The environment variable ${name}`)
}

/** Whether a variable has a value, of any form. */
export function isSet(name: string): boolean {
  return (variable(name) ?? "").trim() !== ""
}

/** An environment variable as it is; `undefined` if it is unset, or if there is no process. */
export function variable(name: string): string | undefined {
  try {
    return globalThis.process?.env?.[name]
  } catch {
    // Deno without permission to read the environment.
    return undefined
  }
}

const QUOTED = /^["'`“”‘’„«»]|["'`“”‘’„«»]$/
const COMMENTED = /(?:^|\s)[#;]/

/**
 * Returns a value of a file or the environment. Quotes around it, or a comment after it, can only be a mistake: the
 * official Python SDK and we would read them as part of the value, and the Go SDK would not.
 *
 * @param what names the value in the message, as "The environment: HUAWEICLOUD_SDK_SK"
 * @throws {AuthError} `AUTH_INVALID_CREDENTIALS`; the value is not shown.
 */
export function checkBare(value: string, what: string): string {
  const mark = QUOTED.test(value) ? "quotes around it" : COMMENTED.test(value) ? "a comment behind it" : undefined
  if (mark === undefined) return value
  throw new AuthError(
    "AUTH_INVALID_CREDENTIALS",
    `${what} has ${mark}, which would count as part of the value: write the value alone.`,
  )
}

/** A file that changed more recently may still be in the middle of a write. */
const SETTLED_AFTER_MS = 50
const MOST_READS = 20

/** Far more than any profile or token has. */
const MOST_BYTES = 1024 * 1024

/**
 * Pending reads by path. A read from a mount that hangs blocks a thread of Node's small pool until the mount answers, so
 * later callers wait for the same read.
 */
const readsOnTheirWay = new Map<string, Promise<string | undefined>>()

/**
 * Reads a text file of up to 1 MB, once it has stopped changing; `undefined` if there is none. For Node.js, Bun and Deno.
 * Node's modules are looked up at run time, so that bundles for browsers and workers hold no trace of them.
 *
 * @throws {AuthError} `AUTH_INVALID_CREDENTIALS` when there is a file that cannot be read, or that is not a regular file.
 */
export function readTextFile(path: string): Promise<string | undefined> {
  const onItsWay = readsOnTheirWay.get(path)
  if (onItsWay !== undefined) return onItsWay
  const read = readSettled(path).finally(() => readsOnTheirWay.delete(path))
  readsOnTheirWay.set(path, read)
  return read
}

async function readSettled(path: string): Promise<string | undefined> {
  const files = globalThis.process?.getBuiltinModule?.("node:fs/promises")
  if (files === undefined) return undefined
  try {
    for (let reads = 1; ; reads++) {
      const text = await readRegular(files, path)
      const { mtimeMs } = await files.stat(path)
      const ageMs = Date.now() - mtimeMs
      if (ageMs < 0 || ageMs >= SETTLED_AFTER_MS || reads === MOST_READS) return text.replace(/^\uFEFF/, "")
      await new Promise((resolve) => setTimeout(resolve, SETTLED_AFTER_MS))
    }
  } catch (error) {
    if (isAuthError(error)) throw error
    const code = error instanceof Error && "code" in error ? String(error.code) : "unknown failure"
    if (code === "ENOENT" || code === "ENOTDIR") return undefined
    throw new AuthError("AUTH_INVALID_CREDENTIALS", `The file ${path} cannot be read (${code}): check its permissions.`)
  }
}

async function readRegular(files: typeof import("node:fs/promises"), path: string): Promise<string> {
  const { O_RDONLY, O_NONBLOCK = 0 } = files.constants
  // Without O_NONBLOCK, opening a named pipe waits until somebody writes to it.
  const file = await files.open(path, O_RDONLY | O_NONBLOCK)
  try {
    const stat = await file.stat()
    if (!stat.isFile()) throw unreadable(path, "is not a regular file")
    if (stat.size > MOST_BYTES) throw unreadable(path, `is larger than ${MOST_BYTES} bytes`)
    return await file.readFile("utf8")
  } finally {
    await file.close()
  }
}

function unreadable(path: string, problem: string): AuthError {
  return new AuthError("AUTH_INVALID_CREDENTIALS", `${path} ${problem}: give the path of a text file.`)
}

/** The home directory, where the runtime has one. */
export function homeDirectory(): string | undefined {
  return globalThis.process?.getBuiltinModule?.("node:os")?.homedir()
}
