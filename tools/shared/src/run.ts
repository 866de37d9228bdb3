import { execFile } from "node:child_process"

/** Longer than any of them takes; a program that hangs is told of by name. */
const TIMEOUT_MS = 300_000

/** Runs a program to its end and gives what it printed; when it fails, the error says what it printed everywhere. */
export function run(program: string, args: string[], cwd: string, env?: Record<string, string>): Promise<string> {
  const options = { cwd, maxBuffer: 2 ** 26, timeout: TIMEOUT_MS, env: { ...process.env, ...env } }
  return new Promise((resolve, reject) => {
    execFile(program, args, options, (error, stdout, stderr) => {
      if (error) reject(new Error(`${program} ${args.join(" ")} failed in ${cwd}\n${stdout}${stderr}`))
      else resolve(stdout)
    })
  })
}
