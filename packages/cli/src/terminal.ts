import { styleText } from "node:util"

export function isTerminal(): boolean {
  return process.stdout.isTTY === true
}

/** Whether a secret that was asked for may be written: to a pipe or a file, to a terminal only on demand. */
export function maySecretsShow(showSecrets: boolean | undefined): boolean {
  return showSecrets === true || !isTerminal()
}

/** The result, on standard output. */
export function print(text: string): void {
  process.stdout.write(text.endsWith("\n") ? text : `${text}\n`)
}

/** All else, on standard error. */
export function note(text: string): void {
  process.stderr.write(`${text}\n`)
}

export function printJson(value: unknown): void {
  print(JSON.stringify(value, undefined, isTerminal() ? 2 : undefined))
}

export type Style = "bold" | "dim" | "red" | "green" | "yellow" | "cyan"

/** Colours a text where the stream is a terminal, NO_COLOR and FORCE_COLOR considered. */
export function paint(style: Style, text: string, stream: NodeJS.WriteStream = process.stdout): string {
  return styleText(style, text, { stream })
}

/** Rows with aligned columns on a terminal; separated by tabs elsewhere, so that `cut` can read them. */
export function table(rows: readonly (readonly string[])[]): string {
  if (!isTerminal()) return rows.map((row) => row.join("\t")).join("\n")
  const widths = rows.reduce<number[]>(
    (known, row) => row.map((cell, column) => Math.max(known[column] ?? 0, cell.length)),
    [],
  )
  return rows
    .map((row) =>
      row
        .map((cell, column) =>
          column === 0 ? paint("bold", cell.padEnd(widths[0] ?? 0)) : cell.padEnd(widths[column] ?? 0),
        )
        .join("  ")
        .trimEnd(),
    )
    .join("\n")
}

/** Does work behind a spinner, which only a terminal shows. */
export async function withProgress<T>(text: string, work: () => Promise<T>): Promise<T> {
  if (process.stderr.isTTY !== true) return await work()
  const { default: yoctoSpinner } = await import("yocto-spinner")
  const spinner = yoctoSpinner({ text, stream: process.stderr }).start()
  try {
    return await work()
  } finally {
    spinner.stop()
  }
}
