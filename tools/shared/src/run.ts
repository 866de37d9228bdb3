import { execFile } from "node:child_process"

/** Longer than any program takes. The error for a hung program names it. */
const TIMEOUT_MS = 300_000

/** Runs a program to its end and returns its output. If it fails, the error has all its output. */
export function run(program: string, args: string[], cwd: string, env?: Record<string, string>): Promise<string> {
  const options = { cwd, maxBuffer: 2 ** 26, timeout: TIMEOUT_MS, env: { ...process.env, ...env } }
  return new Promise((resolve, reject) => {
    execFile(program, args, options, (error, stdout, stderr) => {
      if (error) reject(new Error(`${program} ${args.join(" ")} failed in ${cwd}\n${stdout}${stderr}`))
      else resolve(stdout)
    })
  })
}
