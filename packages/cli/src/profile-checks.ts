import { readFile, stat } from "node:fs/promises"
import { homedir } from "node:os"
import { join } from "node:path"
import type { Check } from "./check.ts"
import { defaultProfileFile } from "./write-profile.ts"

/** The profile file, and files of other tools whose key can be imported. */
export async function profileChecks(file: string = defaultProfileFile()): Promise<Check[]> {
  return [...(await ownFile(file)), ...(await otherFiles())]
}

async function ownFile(file: string): Promise<Check[]> {
  const check = { group: "files", name: file } as const
  const text = await readFile(file, "utf8").catch((error: NodeJS.ErrnoException) => error)
  if (typeof text !== "string") {
    if (text.code === "ENOENT") return [{ ...check, verdict: "ok", text: "does not exist" }]
    return [{ ...check, verdict: "failed", text: `cannot be read: ${text.code}` }]
  }
  const sections = [...text.matchAll(/^\s*\[(.+?)\]/gm)].map(([, name = ""]) => name.trim())
  const isFound = sections.includes("basic") || sections.includes("global")
  const list = sections.length === 0 ? "no section" : `sections ${sections.map((name) => `[${name}]`).join(", ")}`
  const own: Check = isFound
    ? { ...check, verdict: "ok", text: list }
    : {
        ...check,
        verdict: "warning",
        text: list,
        fix: "Programs read [basic], else [global]: name the section so, or pass its name.",
      }
  return [own, ...fileFaults(file, text), ...(await openToOthers(file))]
}

function fileFaults(file: string, text: string): Check[] {
  const check = { group: "files", name: file, verdict: "warning" } as const
  const lines = text.split(/\r\n|\n|\r/)
  const quoted = lines.findIndex((line) => /^\s*(?:ak|sk|security_token)\s*[=:]\s*["'`]/i.test(line)) + 1
  const commented = lines.findIndex((line) => /^\s*(?:ak|sk|security_token)\s*[=:].*\s[#;]/i.test(line)) + 1
  const foreign =
    lines.findIndex((line) => /^\s*(?:access_?key(?:_?id)?|aws_\w+|secret_?(?:access_?)?key)\s*[=:]/i.test(line)) + 1
  return [
    text.startsWith("\uFEFF")
      ? [
          {
            ...check,
            text: "starts with a byte order mark, which the SDKs for Python and Java do not take",
            fix: "Save it without BOM.",
          },
        ]
      : [],
    quoted > 0
      ? [
          {
            ...check,
            verdict: "failed" as const,
            text: `line ${quoted} has quotes around a value`,
            fix: "Write the value alone.",
          },
        ]
      : [],
    commented > 0
      ? [
          {
            ...check,
            verdict: "failed" as const,
            text: `line ${commented} has a comment behind a value`,
            fix: "Put the comment on a line of its own.",
          },
        ]
      : [],
    foreign > 0
      ? [
          {
            ...check,
            text: `line ${foreign} has a key of another tool`,
            fix: "The keys are ak, sk and security_token.",
          },
        ]
      : [],
  ].flat()
}

async function openToOthers(file: string): Promise<Check[]> {
  if (process.platform === "win32") return []
  const { mode } = await stat(file)
  if ((mode & 0o077) === 0) return []
  const text = `other users of this machine may open it (mode ${(mode & 0o777).toString(8)})`
  return [{ group: "files", name: file, verdict: "warning", text, fix: `chmod 600 ${file}` }]
}

async function otherFiles(): Promise<Check[]> {
  const places: readonly (readonly [file: string, tool: string])[] = [
    [join(homedir(), ".hcloud", "config.json"), "KooCLI"],
    [join(homedir(), ".config", "openstack", "clouds.yaml"), "OpenStack"],
    ["clouds.yaml", "OpenStack"],
    ["credentials.csv", "the console"],
  ]
  const found = await Promise.all(
    places.map(async ([file, tool]): Promise<Check[]> => {
      if (
        !(await stat(file).then(
          (stats) => stats.isFile(),
          () => false,
        ))
      )
        return []
      const fix = `countersign credentials import ${file}`
      return [{ group: "files", name: file, verdict: "warning", text: `belongs to ${tool}, and is not read here`, fix }]
    }),
  )
  return found.flat()
}
