import { isTerminal, paint, type Style } from "./terminal.ts"

/** The answer to one question of the doctor. */
export interface Check {
  readonly group: "node" | "clock" | "proxy" | "environment" | "files" | "credentials" | "IAM" | "request"
  readonly name: string
  /** `skipped`: a check before it failed. */
  readonly verdict: "ok" | "warning" | "failed" | "skipped"
  readonly text: string
  readonly fix?: string | undefined
}

const MARKS: Readonly<Record<Check["verdict"], readonly [mark: string, style: Style]>> = {
  ok: ["✔", "green"],
  warning: ["!", "yellow"],
  failed: ["✘", "red"],
  skipped: ["-", "dim"],
}

/** A check as a person reads it. Marks are words where nobody sees colours. */
export function checkText({ name, verdict, text, fix }: Check): string {
  const [mark, style] = MARKS[verdict]
  const shown = isTerminal() ? paint(style, mark) : verdict.padEnd(7)
  const [first = "", ...more] = text.split("\n")
  const lines = [`  ${shown} ${name}: ${first}`, ...more.map((line) => `      ${line}`)]
  return [...lines, ...(fix === undefined ? [] : [`      ${paint("cyan", fix)}`])].join("\n")
}
