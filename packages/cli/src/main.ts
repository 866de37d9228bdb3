#!/usr/bin/env node
import { isAuthError } from "@countersign/auth-core"
import { type Command, CommanderError } from "commander"
import { createProgram } from "./create-program.ts"
import { CommandError, EXIT_CODES, exitCodeOf, messageOf } from "./exit-code.ts"
import { withOptionNames } from "./option-names.ts"
import { note, paint } from "./terminal.ts"

/** Options that other tools have for secrets. */
const SECRET_OPTION =
  /^--(?:password|passwd|passcode|token|auth-token|security-token|ak|sk|access-key|secret|secret-key|secret-access-key)(?:=|$)/i

const args = process.argv.slice(2)
let running: Command | undefined

main().catch((error: unknown) => {
  process.exitCode = exitCodeOf(error)
  const text = messageOf(error)
  tell(running === undefined ? text : withOptionNames(text, running), error)
})

// A reader such as `head` closes the pipe when it has enough.
process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  if (error.code === "EPIPE") process.exit(EXIT_CODES.ok)
  note(`countersign: The output cannot be written: ${error.message}`)
  process.exit(EXIT_CODES.unexpected)
})
// Without a reader of the notes, the result still counts.
process.stderr.on("error", (error: NodeJS.ErrnoException) => {
  if (error.code !== "EPIPE") process.exit(EXIT_CODES.unexpected)
})

async function main(): Promise<void> {
  const secret = args.find((argument) => SECRET_OPTION.test(argument))
  if (secret !== undefined) {
    throw new CommandError(
      EXIT_CODES.usage,
      `${secret.split("=", 1)[0]}: no argument takes a secret, since a shell's history and the list of processes show it.\nPut it in the environment, a file or standard input, or leave it out to be asked for it. See --help.`,
    )
  }
  const said: string[] = []
  const program = createProgram((text) => said.push(text)).hook("preAction", (_, command) => {
    running = command
  })
  try {
    await program.parseAsync(namedCommand(program), { from: "user" })
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error
    process.exitCode = error.exitCode === 0 ? EXIT_CODES.ok : EXIT_CODES.usage
    const text = said.join("").trim()
    if (error.code === "commander.help" && !isJsonAsked()) note(text)
    else if (text !== "") tell(text.replace(/^error: /, ""), error)
  }
}

/** `help` of a command that does not exist would show the help of all, so the command is refused by its name. */
function namedCommand({ commands }: Command): readonly string[] {
  const [first, topic, ...others] = args
  const isKnown = topic === undefined || topic.startsWith("-") || commands.some((each) => each.name() === topic)
  return first !== "help" || isKnown ? args : [topic, ...others]
}

/** Says what went wrong: as text, or as JSON where --json asks for it. */
function tell(message: string, error: unknown): void {
  if (!isJsonAsked()) {
    note(`${paint("red", "countersign:", process.stderr)} ${message}`)
    return
  }
  const { exitCode } = process
  const [word] = Object.entries(EXIT_CODES).find(([, number]) => number === exitCode) ?? ["unexpected"]
  note(JSON.stringify({ error: { message, code: isAuthError(error) ? error.code : word, exitCode } }))
}

/** After `curl`, --json is curl's own option. */
function isJsonAsked(): boolean {
  const program = args.findIndex((argument) => !argument.startsWith("-"))
  const own = args[program] === "curl" ? args.slice(0, program) : args
  return own.includes("--json")
}
