import { readFile } from "node:fs/promises"
import { text as textOf } from "node:stream/consumers"
import { CommandError, EXIT_CODES } from "./exit-code.ts"

export interface SecretSource {
  /** Such as "the password of the user". */
  readonly what: string
  /** The environment variable that holds it. */
  readonly variable: string
  /** The file that holds it; `-` is standard input. */
  readonly file?: string | undefined
  /** The option that names the file, for messages. */
  readonly option: string
}

/**
 * Reads a secret from a file, from the environment, or from a hidden prompt. Other users of the machine can read the
 * arguments of a process, and a shell writes them to its history, so no argument holds a secret.
 */
export async function readSecret(source: SecretSource): Promise<string> {
  const { what, variable, file, option } = source
  if (file !== undefined) return nonEmpty((await readInput(file)).trim(), `${what}: ${inputName(file)} is empty.`)
  const value = process.env[variable]
  if (value !== undefined && value !== "") return value
  if (process.stdin.isTTY === true && process.stderr.isTTY === true) return await ask(source)
  throw new CommandError(
    EXIT_CODES.credentials,
    `${what} is missing: set ${variable}, pass ${option} FILE (- for standard input), or run this in a terminal to be asked.`,
  )
}

async function ask({ what }: SecretSource): Promise<string> {
  const { isCancel, password } = await import("@clack/prompts")
  const answer = await password({ message: what, output: process.stderr })
  if (isCancel(answer)) throw new CommandError(EXIT_CODES.cancelled, "Cancelled.")
  return nonEmpty(answer, `${what} is empty.`)
}

function nonEmpty(value: string | undefined, message: string): string {
  if (value !== undefined && value !== "") return value
  throw new CommandError(EXIT_CODES.credentials, message)
}

/**
 * The text of a file, or of standard input for `-`.
 *
 * @param ifMissing advice where there is no such file
 */
export async function readInput(file: string, ifMissing?: string): Promise<string> {
  try {
    return file === "-" ? await textOf(process.stdin) : await readFile(file, "utf8")
  } catch (error) {
    throw unreadable(file, error, ifMissing)
  }
}

/** The bytes of a file, or of standard input for `-`. */
export async function readInputBytes(file: string): Promise<Uint8Array> {
  try {
    if (file !== "-") return await readFile(file)
    const chunks: Uint8Array[] = []
    for await (const chunk of process.stdin) chunks.push(chunk)
    return Buffer.concat(chunks)
  } catch (error) {
    throw unreadable(file, error)
  }
}

/** The body that `-d` names: the text itself, or the bytes of `@FILE`. */
export async function readInputData(data: string | undefined): Promise<string | Uint8Array | undefined> {
  return data?.startsWith("@") === true ? await readInputBytes(data.slice(1)) : data
}

/** A name that is too long, or below a file, names nothing either. */
const MISSING = ["ENOENT", "ENAMETOOLONG", "ENOTDIR"]

function unreadable(file: string, error: unknown, ifMissing?: string): CommandError {
  const code = error instanceof Error && "code" in error ? String(error.code) : "unknown error"
  const isMissing = MISSING.includes(code)
  const reason = isMissing ? "there is no such file" : code === "EISDIR" ? "it is a folder" : code
  const advice = isMissing && ifMissing !== undefined ? ` ${ifMissing}` : ""
  return new CommandError(EXIT_CODES.usage, `${inputName(file)} cannot be read: ${reason}.${advice}`)
}

export function inputName(file: string): string {
  return file === "-" ? "standard input" : file
}
