#!/usr/bin/env node
import { type Command, CommanderError } from "commander"
import { createProgram } from "./create-program.ts"
import { EXIT_CODES, exitCodeOf, messageOf } from "./exit-code.ts"
import { withOptionNames } from "./option-names.ts"
import { note, paint } from "./terminal.ts"

/** Options that other tools have for secrets. */
const SECRET_OPTION =
  /^--(?:password|passwd|passcode|token|auth-token|security-token|ak|sk|access-key|secret|secret-key|secret-access-key)(?:=|$)/i

let running: Command | undefined

main(process.argv.slice(2)).catch((error: unknown) => {
  process.exitCode = exitCodeOf(error)
  const text = messageOf(error)
  const message = running === undefined ? text : withOptionNames(text, running)
  if (process.argv.includes("--json")) {
    const code = error instanceof Error && "code" in error ? error.code : undefined
    note(JSON.stringify({ error: { message, code, exitCode: process.exitCode } }))
  } else {
    note(`${paint("red", "countersign:", process.stderr)} ${message}`)
  }
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

async function main(args: readonly string[]): Promise<void> {
  const secret = args.find((argument) => SECRET_OPTION.test(argument))
  if (secret !== undefined) {
    note(
      `${paint("red", "countersign:", process.stderr)} ${secret.split("=", 1)[0]}: no argument takes a secret, since a shell's history and the list of processes show it.`,
    )
    note("Put it in the environment, a file or standard input, or leave it out to be asked for it. See --help.")
    process.exitCode = EXIT_CODES.usage
    return
  }
  try {
    const program = createProgram().hook("preAction", (_, command) => {
      running = command
    })
    await program.parseAsync(args, { from: "user" })
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error
    // Commander has printed the message.
    process.exitCode = error.exitCode === 0 ? EXIT_CODES.ok : EXIT_CODES.usage
  }
}
