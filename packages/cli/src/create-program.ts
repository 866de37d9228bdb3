import { Command } from "commander"
import { completionCommand } from "./commands/completion.ts"
import { credentialsCommand } from "./commands/credentials.ts"
import { curlCommand } from "./commands/curl.ts"
import { doctorCommand } from "./commands/doctor.ts"
import { emulatorCommand } from "./commands/emulator.ts"
import { explainCommand } from "./commands/explain.ts"
import { signCommand } from "./commands/sign.ts"
import { tokenCommand } from "./commands/token.ts"
import { whoamiCommand } from "./commands/whoami.ts"
import { ownVersion } from "./own-version.ts"

const AFTER_HELP = `
Exit codes: 0 done, 1 unexpected failure, 2 wrong usage, 3 no usable credential, 4 refused, 5 no answer,
22 HTTP error (curl --fail), 130 cancelled.

Example:
  $ countersign doctor https://ecs.ap-southeast-1.myhuaweicloud.com/v1/cloudservers/detail`

/**
 * All commands. A command's code beyond its options is loaded when it runs.
 *
 * @param onUsageError takes what is said about wrong arguments. @default standard error
 */
export function createProgram(onUsageError: (text: string) => void = (text) => process.stderr.write(text)): Command {
  const program = new Command("countersign")
    .description("Huawei Cloud authentication in a terminal.")
    .version(ownVersion(), "-V, --version", "print the version")
    .option("--json", "print JSON; also after each command except curl, whose --json is curl's own")
    .enablePositionalOptions()
    .addHelpText("after", AFTER_HELP)
    .addCommand(doctorCommand())
    .addCommand(whoamiCommand())
    .addCommand(credentialsCommand())
    .addCommand(tokenCommand())
    .addCommand(signCommand())
    .addCommand(curlCommand())
    .addCommand(explainCommand())
    .addCommand(emulatorCommand())
    .addCommand(completionCommand())
  throwOnExit(program, onUsageError)
  return program
}

/** Lets the entry choose the exit code, and how errors are shown. */
function throwOnExit(command: Command, onUsageError: (text: string) => void): void {
  command
    .exitOverride()
    .showHelpAfterError("Run it with --help to see its options and an example.")
    .configureOutput({ writeErr: onUsageError })
  for (const each of command.commands) throwOnExit(each, onUsageError)
}
