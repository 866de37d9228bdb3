import { Argument, Command } from "commander"
import { completionScript, SHELLS, type Shell } from "../completion-script.ts"
import { print, printJson } from "../terminal.ts"

const EXAMPLE = `
Examples:
  $ source <(countersign completion bash)      # in ~/.bashrc
  $ source <(countersign completion zsh)       # in ~/.zshrc, after compinit
  $ countersign completion fish > ~/.config/fish/completions/countersign.fish`

/** Prints the completion script of a shell. */
export function completionCommand(): Command {
  return new Command("completion")
    .description("Print a script that completes commands and options in a shell.")
    .addArgument(new Argument("<shell>").choices(SHELLS))
    .option("--json", "print the script in JSON")
    .addHelpText("after", EXAMPLE)
    .action((shell: Shell, _: unknown, self: Command) => {
      if (self.parent === null) return
      const script = completionScript(self.parent, shell)
      if (self.optsWithGlobals<{ json?: boolean }>().json === true) printJson({ shell, script })
      else print(script)
    })
}
