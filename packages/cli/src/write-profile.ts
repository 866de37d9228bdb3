import { chmod, mkdir, readFile, readlink, realpath, rename, rm, writeFile } from "node:fs/promises"
import { homedir } from "node:os"
import { dirname, join } from "node:path"
import { type Credentials, profileCredentials } from "@countersign/auth-core"
import { CommandError, EXIT_CODES } from "./exit-code.ts"
import { iniLines } from "./format-credentials.ts"

export function defaultProfileFile(): string {
  return process.env.HUAWEICLOUD_SDK_CREDENTIALS_FILE || join(homedir(), ".huaweicloud", "credentials")
}

/**
 * Writes one section of a profile file and leaves all other lines as they are. The file can be read by its owner only.
 * It is replaced in one step, after it was read back.
 *
 * @param mayReplace is asked if the section is there
 */
export async function writeProfile(
  file: string,
  section: string,
  credentials: Credentials,
  mayReplace: (question: string) => Promise<boolean>,
): Promise<void> {
  const lines = [`[${section}]`, ...iniLines(credentials)].join("\n")
  const target = await targetOf(file)
  const text = await readFile(target, "utf8").catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return ""
    throw new CommandError(EXIT_CODES.usage, `${file} cannot be read: ${error.code}.`)
  })
  const parts = partsOf(text, section)
  if (parts.isThere && !(await mayReplace(`${file} has a section [${section}]. Replace it?`))) {
    throw new CommandError(
      EXIT_CODES.usage,
      `${file} has a section [${section}] already: pass --force to replace it, or another --section.`,
    )
  }
  const temporary = `${target}.${process.pid}.tmp`
  try {
    await mkdir(dirname(target), { recursive: true, mode: 0o700 })
    await writeFile(temporary, joined([parts.before, lines, parts.after]), { mode: 0o600, flag: "wx" })
    await chmod(temporary, 0o600)
    await checkWritten(temporary, section, credentials)
    await rename(temporary, target)
  } catch (error) {
    throw error instanceof Error && "syscall" in error
      ? new CommandError(EXIT_CODES.usage, `${file} cannot be written: ${error.message}`)
      : error
  } finally {
    await rm(temporary, { force: true }).catch(() => undefined)
  }
}

/** The file itself, behind any links. */
async function targetOf(file: string): Promise<string> {
  try {
    return await realpath(file)
  } catch {
    const link = await readlink(file).catch(() => undefined)
    if (link === undefined) return file
    throw new CommandError(
      EXIT_CODES.usage,
      `${file} is a link to ${link}, which leads to no file: create that file, or remove the link.`,
    )
  }
}

/** The text before and after a section. */
function partsOf(text: string, section: string): { before: string; after: string; isThere: boolean } {
  const lines = text.replace(/^\uFEFF/, "").split(/\r\n|\n|\r/)
  const nameOf = (line: string): string | undefined => /^\s*\[(.+)\]/.exec(line)?.[1]?.trim()
  const start = lines.findIndex((line) => nameOf(line) === section)
  if (start < 0) return { before: lines.join("\n"), after: "", isThere: false }
  const length = lines.slice(start + 1).findIndex((line) => nameOf(line) !== undefined)
  const end = length < 0 ? lines.length : start + 1 + length
  return { before: lines.slice(0, start).join("\n"), after: lines.slice(end).join("\n"), isThere: true }
}

function joined(parts: readonly string[]): string {
  const texts = parts.map((part) => part.trim()).filter((part) => part !== "")
  return `${texts.join("\n\n")}\n`
}

/** Reads the file as every program of this library will. */
async function checkWritten(file: string, section: string, credentials: Credentials): Promise<void> {
  const read = await profileCredentials({ file, section })()
  const parts = ["accessKeyId", "secretAccessKey", "securityToken", "projectId", "domainId", "iamEndpoint"] as const
  const other = parts.find((part) => read[part] !== credentials[part])
  if (other === undefined) return
  throw new CommandError(
    EXIT_CODES.usage,
    `The section [${section}] would be read with another ${other} than the one that was to be written.`,
  )
}
