import { execFile } from "node:child_process"
import { writeFile } from "node:fs/promises"
import { join } from "node:path"
import { promisify } from "node:util"
import { hasSystemTool } from "@countersign/testkit"
import { describe, expect, it } from "vitest"
import { countersign, temporaryFolder } from "./countersign.ts"

const run = promisify(execFile)

/** The script of a shell, in a folder with a file to complete. */
async function folderWithScript(shell: string): Promise<string> {
  const folder = await temporaryFolder()
  const { exitCode, stdout } = await countersign(["completion", shell])
  expect(exitCode).toBe(0)
  await writeFile(join(folder, "script"), stdout)
  await writeFile(join(folder, "answer.json"), "")
  return folder
}

const CASES: readonly (readonly [typed: string[], completed: string[]])[] = [
  [["cur"], ["curl"]],
  [["credentials", "im"], ["import"]],
  [["credentials", "--format", "p"], ["process"]],
  [["sign", "--algorithm", "V"], ["V11-HMAC-SHA256"]],
  [["curl", "--algorithm", "SDK-E"], ["SDK-ECDSA-P256-SHA256"]],
  [["sign", "--algorithm", "a"], ["auto"]],
  [["sign", "--sc"], ["--scoped"]],
  [["explain", "ans"], ["answer.json"]],
  [["token", "--password-file", "ans"], ["answer.json"]],
  [["completion", "--he"], ["--help"]],
  [["completion", "f"], ["fish"]],
]

describe("countersign completion", () => {
  it("is JSON with --json, before the command or behind it", async () => {
    const script = (await countersign(["completion", "fish"])).stdout
    for (const args of [
      ["completion", "fish", "--json"],
      ["--json", "completion", "fish"],
    ]) {
      const { stdout } = await countersign(args)
      const parsed: { shell: string; script: string } = JSON.parse(stdout)
      expect({ ...parsed, script: parsed.script.trimEnd() }).toEqual({ shell: "fish", script: script.trimEnd() })
    }
  })

  it("completes commands, options, choices and files in bash", async ({ skip }) => {
    skip(!hasSystemTool("bash"), "there is no bash")
    const cwd = await folderWithScript("bash")
    for (const [typed, completed] of CASES) {
      const script = `source ./script; COMP_WORDS=(countersign "$@"); COMP_CWORD=$#; _countersign; printf '%s\\n' "\${COMPREPLY[@]}"`
      const { stdout } = await run("bash", ["--norc", "-c", script, "bash", ...typed], { cwd })
      expect(stdout.trim().split("\n")).toEqual(completed)
    }
  })

  it("completes commands, options, choices and files in fish", async ({ skip }) => {
    skip(!hasSystemTool("fish"), "there is no fish")
    const cwd = await folderWithScript("fish")
    for (const [typed, completed] of CASES) {
      const script = `source ./script; complete -C 'countersign ${typed.join(" ")}'`
      const { stdout } = await run("fish", ["-c", script], {
        cwd,
        env: { PATH: process.env.PATH, HOME: cwd },
      })
      expect(
        stdout
          .trim()
          .split("\n")
          .map((line) => line.split("\t")[0]),
      ).toEqual(completed)
    }
  })

  it("completes commands, options, choices and files in zsh", async ({ skip }) => {
    skip(!hasSystemTool("zsh"), "there is no zsh")
    const cwd = await folderWithScript("zsh")
    // Its completion works in a terminal only.
    await writeFile(
      join(cwd, "type"),
      `zmodload zsh/zpty
zpty shell zsh -f -i
zpty -w shell 'PS1=; unsetopt zle_bracketed_paste; stty columns 500; autoload -U compinit; compinit -u -D; source ./script; print READY$((1 + 1))'
zpty -r shell out '*READY2*'
while (( $# )); do
  zpty -w -n shell "countersign $1"$'\\t'
  zpty -r shell out "*countersign $2*" && print -r -- "$2"
  zpty -w -n shell $'\\x15'
  shift 2
done
zpty -d shell
`,
    )
    const lines = CASES.map(([typed, [last = ""]]) => [typed.join(" "), [...typed.slice(0, -1), last].join(" ")])
    const env = { PATH: process.env.PATH, HOME: cwd, TERM: "xterm" }
    const { stdout } = await run("zsh", ["-f", "type", ...lines.flat()], { cwd, env })
    expect(stdout.trim().split("\n")).toEqual(lines.map(([, completed]) => completed))
  })

  it("refuses another shell", async () => {
    const refused = await countersign(["completion", "tcsh"])
    expect(refused).toMatchObject({
      exitCode: 2,
      stderr: expect.stringContaining("Allowed choices are bash, zsh, fish"),
    })
  })
})
