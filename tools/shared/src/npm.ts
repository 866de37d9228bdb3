import { run } from "./run.ts"

const { npm_execpath: script } = process.env

/** npm as a program and its first arguments. Windows has only a script of that name, which needs a shell. */
export const NPM: readonly [program: string, ...args: string[]] =
  script === undefined ? ["npm"] : [process.execPath, script]

/** Runs npm to its end and returns its output. */
export function npm(args: readonly string[], cwd: string, env?: Record<string, string>): Promise<string> {
  const [program, ...first] = NPM
  return run(program, [...first, ...args], cwd, env)
}
