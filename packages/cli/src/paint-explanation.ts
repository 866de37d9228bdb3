import type { Explanation } from "@countersign/auth-core/explain"
import type { Command } from "commander"
import { withOptionNames } from "./option-names.ts"
import { paint, type Style } from "./terminal.ts"

/** The text of an explanation for a command's user, coloured on a terminal: what was signed red, what arrived green. */
export function paintExplanation(
  explanation: Explanation,
  command: Command,
  stream: NodeJS.WriteStream = process.stdout,
): string {
  return withOptionNames(String(explanation), command)
    .split("\n")
    .map((line, index) => {
      const style = index === 0 ? "bold" : styleOf(line)
      return style === undefined ? line : paint(style, line, stream)
    })
    .join("\n")
}

function styleOf(line: string): Style | undefined {
  if (line.startsWith("  - ")) return "red"
  if (line.startsWith("  + ")) return "green"
  if (line.startsWith("  fix ")) return "cyan"
  return /^ {4}\S|^ {2}(?:source|answer) /.test(line) ? "dim" : undefined
}
