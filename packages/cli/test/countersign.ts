import { type ChildProcess, spawn } from "node:child_process"
import { on, once } from "node:events"
import { mkdtemp, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { type Emulator, startEmulator } from "@countersign/emulator"
import { hasSystemTool } from "@countersign/testkit"
import { onTestFinished } from "vitest"

const MAIN = fileURLToPath(new URL("../.program/main.js", import.meta.url))
const SOURCES = fileURLToPath(new URL("../../testkit/src/from-sources.mjs", import.meta.url))
const COMMAND = [process.execPath, "--import", SOURCES, MAIN]

export interface Run {
  readonly exitCode: number | null
  readonly stdout: string
  readonly stderr: string
}

export interface RunOptions {
  readonly env?: Readonly<Record<string, string>>
  /** Written to standard input. */
  readonly input?: string
  readonly cwd?: string
}

/** Runs the command with pipes, in an environment of its own. */
export async function countersign(
  args: readonly string[],
  { env = {}, input = "", cwd }: RunOptions = {},
): Promise<Run> {
  const [program = "", ...start] = COMMAND
  const child = spawn(program, [...start, ...args], { cwd, env: await environment(env) })
  let [stdout, stderr] = ["", ""]
  child.stdout.on("data", (chunk: Buffer) => (stdout += chunk))
  child.stderr.on("data", (chunk: Buffer) => (stderr += chunk))
  // A command that refuses its arguments does not wait for input.
  child.stdin.on("error", () => undefined)
  child.stdin.end(input)
  const [exitCode] = (await once(child, "close")) as [number | null]
  return { exitCode, stdout, stderr }
}

/** Runs a shell script, for which `countersign` is the command. */
export async function inShell(script: string, env: Readonly<Record<string, string>>): Promise<Run> {
  const words = COMMAND.map((word) => `'${word}'`).join(" ")
  const child = spawn("sh", ["-c", `countersign() { ${words} "$@"; }\n${script}`], { env: await environment(env) })
  let [stdout, stderr] = ["", ""]
  child.stdout.on("data", (chunk: Buffer) => (stdout += chunk))
  child.stderr.on("data", (chunk: Buffer) => (stderr += chunk))
  const [exitCode] = (await once(child, "close")) as [number | null]
  return { exitCode, stdout, stderr }
}

/** Starts the command, and gives it when it has printed a text. */
export async function startCountersign(
  args: readonly string[],
  until: string,
): Promise<{ child: ChildProcess; printed: string; errors: () => string; ended: Promise<number | null> }> {
  const [program = "", ...start] = COMMAND
  const child = spawn(program, [...start, ...args], {
    env: await environment({}),
    stdio: ["ignore", "pipe", "pipe"],
  })
  let errors = ""
  child.stderr.on("data", (chunk: Buffer) => (errors += chunk))
  onTestFinished(() => void child.kill("SIGKILL"))
  const ended = once(child, "close").then(([code]: (number | null)[]) => code ?? null)
  let printed = ""
  for await (const [chunk] of on(child.stdout, "data") as AsyncIterable<[Buffer]>) {
    printed += chunk
    if (printed.includes(until)) break
  }
  return { child, printed, errors: () => errors, ended }
}

/** Whether a shell can run the curl commands that are printed. */
export const hasShellWithCurl = process.platform !== "win32" && hasSystemTool("curl")

/** The exit code after a signal. Windows has none: there the process is ended. */
export const exitCodeOfSignal = process.platform === "win32" ? null : 0

/** Why there is no pseudo-terminal here; `undefined` if there is one. */
export const noTerminal: string | undefined = hasSystemTool("script", "bsdutils")
  ? undefined
  : "the command `script` of util-linux is missing"

interface TerminalOptions {
  readonly env?: Readonly<Record<string, string>>
  /** The user's keys, each typed after the screen shows the text before it. */
  readonly answers?: readonly (readonly [after: string, typed: string])[]
  /** Takes the place of the terminal as standard input. */
  readonly inputFile?: string
}

interface TerminalRun {
  readonly exitCode: number | null
  /** All that the terminal showed, without its control sequences. */
  readonly screen: string
  readonly raw: string
}

/** Runs the command in a pseudo-terminal. */
export async function inTerminal(
  args: readonly string[],
  { env = {}, answers = [], inputFile }: TerminalOptions = {},
): Promise<TerminalRun> {
  const line = [...COMMAND, ...args].map((word) => `'${word.replaceAll("'", `'\\''`)}'`).join(" ")
  const child = spawn(
    "script",
    [
      "--quiet",
      "--return",
      "--command",
      `stty columns 120 rows 40; exec ${line}${inputFile === undefined ? "" : ` <${inputFile}`}`,
      "/dev/null",
    ],
    {
      env: { ...(await environment(env)), TERM: "xterm-256color", SHELL: "/bin/sh" },
    },
  )
  let raw = ""
  const waiting = [...answers]
  child.stdout.on("data", (chunk: Buffer) => {
    raw += chunk
    const [next] = waiting
    if (next !== undefined && plain(raw).includes(next[0])) {
      waiting.shift()
      child.stdin.write(next[1])
    }
  })
  const [exitCode] = (await once(child, "close")) as [number | null]
  return { exitCode, raw, screen: plain(raw) }
}

function plain(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: a terminal's control sequences start with one.
  const erased = text.replaceAll(/[^\n]*\u001B\[1G\u001B\[0K/g, "")
  // biome-ignore lint/suspicious/noControlCharactersInRegex: as above.
  return erased.replaceAll(/\u001B\[[\d;?]*[A-Za-z]|\r/g, "")
}

async function environment(env: Readonly<Record<string, string>>): Promise<Record<string, string>> {
  const home = env.HOME ?? (await temporaryFolder())
  // Windows looks for the home folder in USERPROFILE.
  return { PATH: process.env.PATH ?? "", HOME: home, USERPROFILE: home, ...env }
}

export async function temporaryFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "countersign-cli-"))
  onTestFinished(() => rm(folder, { recursive: true, force: true }))
  return folder
}

/** An emulator, and the variables that lead a command to it as its partner's user. */
export interface Cloud {
  readonly emulator: Emulator
  readonly env: Record<string, string>
  /** The variables without the access key. */
  readonly reach: Record<string, string>
}

export async function startCloud(): Promise<Cloud> {
  const emulator = await startEmulator()
  const { accessKeyId, secretAccessKey } = emulator.accounts.partner.user.credentials
  const reach = { HUAWEICLOUD_SDK_IAM_ENDPOINT: emulator.url, HUAWEICLOUD_SDK_STS_ENDPOINT: emulator.url }
  const env = { ...reach, HUAWEICLOUD_SDK_AK: accessKeyId, HUAWEICLOUD_SDK_SK: secretAccessKey }
  return { emulator, env, reach }
}
