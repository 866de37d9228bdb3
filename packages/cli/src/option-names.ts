import type { Command } from "commander"

/** Names of the library's API whose option is called otherwise. */
const OTHERWISE: readonly (readonly [text: string, attribute: string])[] = [
  ["the `credentials`", "withKey"],
  ["`hosts`", "host"],
  ["`idpId`", "idp"],
  ["`passcode`", "mfa"],
]

/** A message of the library as the user of a command reads it: `--allow-insecure` for `allowInsecure`. */
export function withOptionNames(message: string, { options }: Command): string {
  const flags = new Map(options.map((option) => [option.attributeName(), option.long ?? option.flags]))
  const renamed = OTHERWISE.reduce(
    (text, [name, attribute]) => text.replaceAll(name, flags.get(attribute) ?? name),
    // A command has one credential, which it passes on.
    message
      .replaceAll(" passed as `via`", " in use")
      .replaceAll("the account of `via`", "the account in use")
      .replaceAll("the project or domain of `scope`", "the project and the account")
      .replaceAll("use tokenAuth, or autoAuth to switch by size", "use a token, with --token-file")
      .replaceAll(" as { id }", " by id"),
  )
  return renamed.replaceAll(/`(\w+)`/g, (name, attribute: string) => flags.get(attribute) ?? name)
}
