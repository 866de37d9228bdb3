import type { Command, Option } from "commander"

export const SHELLS = ["bash", "zsh", "fish"] as const
export type Shell = (typeof SHELLS)[number]

/** A command as the scripts know it. */
interface Completed {
  /** Its words, such as `credentials import`. */
  readonly path: string
  readonly description: string
  readonly options: readonly CompletedOption[]
  readonly subcommands: readonly { readonly name: string; readonly description: string }[]
  /** Its argument is a file. */
  readonly takesFile: boolean
  /** The values that its argument may have. */
  readonly choices: readonly string[]
}

interface CompletedOption {
  readonly flags: readonly string[]
  readonly description: string
  readonly value: "none" | "file" | "text" | readonly string[]
}

/** A script that completes commands, options, their choices and files. It is made of the definitions of the commands. */
export function completionScript(program: Command, shell: Shell): string {
  const commands = completedCommands(program, "")
  switch (shell) {
    case "bash":
      return bashScript(commands)
    case "zsh":
      return zshScript(commands)
    case "fish":
      return fishScript(commands)
  }
}

function completedCommands(command: Command, path: string): Completed[] {
  const help = command.createHelp()
  const subcommands = help.visibleCommands(command)
  const own = {
    path,
    description: command.description(),
    options: help.visibleOptions(command).map(completedOption),
    subcommands: subcommands.map((each) => ({ name: each.name(), description: each.description() })),
    takesFile: command.registeredArguments.some((argument) => argument.name() === "file"),
    choices: command.registeredArguments.flatMap(({ argChoices = [] }) => argChoices),
  }
  const below = command.commands.flatMap((each) => completedCommands(each, `${path} ${each.name()}`.trim()))
  return [own, ...below]
}

function completedOption(option: Option): CompletedOption {
  const takesValue = option.required || option.optional
  const isFile = /<file>/.test(option.flags)
  const value = !takesValue ? "none" : (option.argChoices ?? (isFile ? "file" : "text"))
  return {
    flags: [option.short, option.long].filter((flag) => flag !== undefined && flag !== null),
    description: option.description.split("\n", 1)[0] ?? "",
    value,
  }
}

function flagsOf(options: readonly CompletedOption[], value: CompletedOption["value"]): string[] {
  return options.filter((option) => option.value === value).flatMap(({ flags }) => flags)
}

/** Works with the bash 3.2 of macOS, so without associative arrays and mapfile. */
function bashScript(commands: readonly Completed[]): string {
  const paths = commands.map(({ path }) => path).filter((path) => path !== "")
  const cases = commands.map(({ path, options, subcommands, takesFile, choices }) => {
    const words = [...subcommands.map(({ name }) => name), ...choices, ...options.flatMap(({ flags }) => flags)].join(
      " ",
    )
    const values = options.flatMap(({ flags, value }) =>
      typeof value === "string" ? [] : [`      ${flags.join("|")}) words="${value.join(" ")}"; files= ;;`],
    )
    const files = flagsOf(options, "file")
    const texts = flagsOf(options, "text")
    return [
      `    "${path}")`,
      `      words="${words}"; files=${takesFile ? "yes" : ""}`,
      `      case "$previous" in`,
      ...values,
      ...(files.length === 0 ? [] : [`      ${files.join("|")}) words=; files=yes ;;`]),
      ...(texts.length === 0 ? [] : [`      ${texts.join("|")}) words=; files= ;;`]),
      "      esac ;;",
    ].join("\n")
  })
  return `# bash completion of countersign
_countersign() {
  local current="\${COMP_WORDS[COMP_CWORD]}" previous="\${COMP_WORDS[COMP_CWORD-1]}" path= words= files= index
  for ((index = 1; index < COMP_CWORD; index++)); do
    case "\${path:+$path }\${COMP_WORDS[index]}" in
      ${paths.map((path) => `"${path}"`).join("|")}) path="\${path:+$path }\${COMP_WORDS[index]}" ;;
    esac
  done
  case "$path" in
${cases.join("\n")}
  esac
  COMPREPLY=($(compgen -W "$words" -- "$current"))
  if [[ -n $files && $current != -* ]]; then COMPREPLY+=($(compgen -f -- "$current")); fi
}
complete -o filenames -F _countersign countersign
`
}

function zshScript(commands: readonly Completed[]): string {
  const quoted = (text: string): string => `'${text.replaceAll("'", `'\\''`)}'`
  const escaped = (text: string): string => text.replaceAll(/[[\]:\\]/g, "\\$&")
  const functions = commands.map(({ path, options, subcommands, takesFile, choices }) => {
    const specs = options.flatMap(({ flags, description, value }) =>
      flags.map((flag) => {
        const action =
          value === "none"
            ? ""
            : value === "file"
              ? ":file:_files"
              : value === "text"
                ? ":value: "
                : `:value:(${value.join(" ")})`
        return quoted(`*${flag}[${escaped(description)}]${action}`)
      }),
    )
    const name = functionName(path)
    if (subcommands.length === 0) {
      const argument = takesFile ? "*:file:_files" : choices.length > 0 ? `1:value:(${choices.join(" ")})` : undefined
      return `${name}() {\n  _arguments -s ${[...specs, ...(argument === undefined ? [] : [quoted(argument)])].join(" ")}\n}`
    }
    const list = subcommands.map((each) => quoted(`${each.name}:${each.description}`)).join(" ")
    const cases = subcommands
      .filter((each) => commands.some((other) => other.path === `${path} ${each.name}`.trim()))
      .map((each) => `        ${each.name}) ${functionName(`${path} ${each.name}`.trim())} ;;`)
    return `${name}() {
  local context state state_descr line
  typeset -A opt_args
  _arguments -C -s ${specs.join(" ")} '1: :->command' '*:: :->rest'
  case $state in
    command) local -a commands=(${list}); _describe command commands ;;
    rest)
      case $line[1] in
${cases.join("\n")}
      esac ;;
  esac
}`
  })
  return `#compdef countersign\n${functions.join("\n")}\ncompdef _countersign countersign\n`
}

function functionName(path: string): string {
  return `_countersign${path === "" ? "" : `_${path.replaceAll(/\W/g, "_")}`}`
}

function fishScript(commands: readonly Completed[]): string {
  const quoted = (text: string): string => `'${text.replaceAll(/['\\]/g, "\\$&")}'`
  const lines = commands.flatMap(({ path, options, subcommands, takesFile, choices }) => {
    const words = path === "" ? [] : path.split(" ")
    const below = subcommands.map(({ name }) => name)
    const seen = words.map((word) => `__fish_seen_subcommand_from ${word}`)
    const unseen = below.length === 0 ? [] : [`not __fish_seen_subcommand_from ${below.join(" ")}`]
    const condition = quoted([...seen, ...unseen].join("; and ") || "true")
    return [
      ...subcommands.map(
        (each) => `complete -c countersign -n ${condition} -f -a ${each.name} -d ${quoted(each.description)}`,
      ),
      ...options.map(({ flags, description, value }) => {
        const names = flags.map((flag) => (flag.startsWith("--") ? `-l ${flag.slice(2)}` : `-s ${flag.slice(1)}`))
        const argument =
          value === "none"
            ? ""
            : value === "file"
              ? " -r -F"
              : value === "text"
                ? " -x"
                : ` -x -a ${quoted(value.join(" "))}`
        return `complete -c countersign -n ${condition} ${names.join(" ")}${argument} -d ${quoted(description)}`
      }),
      ...(choices.length > 0 ? [`complete -c countersign -n ${condition} -f -a ${quoted(choices.join(" "))}`] : []),
      ...(takesFile ? [`complete -c countersign -n ${condition} -F`] : []),
    ]
  })
  return `# fish completion of countersign\ncomplete -c countersign -f\n${lines.join("\n")}\n`
}
