import type { Command } from "commander"
import { describe, expect, it } from "vitest"
import { createProgram } from "../src/create-program.ts"
import { countersign } from "./countersign.ts"

const commandsIn = (command: Command, path: string[] = []): string[][] => [
  path,
  ...command.commands.flatMap((each) => commandsIn(each, [...path, each.name()])),
]
const commands = commandsIn(createProgram())

describe("--help", () => {
  it.each(commands)("of countersign %s %s has an example, and ends with 0", async (...path) => {
    const { exitCode, stdout, stderr } = await countersign([...path, "--help"])
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: "" })
    expect(stdout).toMatch(/^Examples?:\n {2}\$ countersign |^Examples:\n {2}\$ (?:source|curl|eval) /m)
  })

  it("names --json for each command", () => {
    const without = createProgram()
      .commands.filter(({ options }) => !options.some(({ long }) => long === "--json"))
      .map((command) => command.name())
    expect(without).toEqual([])
  })

  it("names options in its examples that exist", () => {
    for (const path of commands) {
      let command: Command | undefined = createProgram()
      for (const name of path) command = command?.commands.find((each) => each.name() === name)
      let help = ""
      command?.configureOutput({ writeOut: (text) => (help += text) }).outputHelp()
      const own = new RegExp(`^ +\\$ (?:.*\\| )?countersign ${path.join(" ")} (.*(?:\\\\\\n.*)?)`, "gm")
      for (const [, line = ""] of help.matchAll(own)) {
        const used = line.split(/ [|>] /)[0]?.match(/--[a-z-]+/g) ?? []
        for (const option of used) expect(command?.options.map(({ long }) => long)).toContain(option)
      }
    }
  })
})

describe("countersign", () => {
  it("prints its version", async () => {
    expect((await countersign(["--version"])).stdout).toMatch(/^\d+\.\d+\.\d+\n$/)
  })

  it.each([[[]], [["nonsense"]], [["--nonsense"]]])("refuses %j with 2, and says where help is", async (args) => {
    const refused = await countersign(args)
    expect(refused).toMatchObject({ exitCode: 2, stdout: "", stderr: expect.stringContaining("help") })
  })

  it("refuses the help of a command that does not exist by its name", async () => {
    const refused = await countersign(["help", "zzz"])
    expect(refused).toMatchObject({ exitCode: 2, stdout: "", stderr: expect.stringContaining("unknown command 'zzz'") })
    for (const args of [["help"], ["help", "curl"]]) expect((await countersign(args)).exitCode).toBe(0)
  })

  it("has a text for each argument", () => {
    const without = commands.filter((path) => {
      let command: Command | undefined = createProgram()
      for (const name of path) command = command?.commands.find((each) => each.name() === name)
      return command?.registeredArguments.some(
        ({ description, argChoices }) => description === "" && argChoices === undefined,
      )
    })
    expect(without).toEqual([])
  })

  it.each<[string[], object]>([
    [
      ["--json", "nonsense"],
      { exitCode: 2, code: "usage", message: expect.stringContaining("unknown command 'nonsense'") },
    ],
    [
      ["whoami", "--nonsense", "--json"],
      { exitCode: 2, code: "usage", message: expect.stringContaining("unknown option") },
    ],
    [
      ["--json", "token", "--password", "x"],
      { exitCode: 2, code: "usage", message: expect.stringContaining("no argument takes a") },
    ],
    [["token", "--json"], { exitCode: 2, code: "usage", message: expect.stringContaining("Whose token?") }],
    [
      ["--json", "curl", "ftp://h"],
      { exitCode: 2, code: "usage", message: "This is no URL of http or https: ftp://h" },
    ],
    [["whoami", "--json", "--section", ""], { exitCode: 2, code: "AUTH_INVALID_OPTION" }],
  ])("tells the errors of %j as JSON", async (args, error) => {
    const { stderr, exitCode } = await countersign(args)
    expect(JSON.parse(stderr)).toEqual({ error: expect.objectContaining(error) })
    expect(exitCode).toBe(2)
  })

  it.each([[["curl", "--json", "{}", "ftp://h"]], [["curl", "ftp://h", "--json", "--json"]]])(
    "tells the errors of %j as text, since --json is curl's own there",
    async (args) => {
      const { stderr } = await countersign(args)
      expect(stderr).toBe("countersign: This is no URL of http or https: ftp://h\n")
    },
  )
})
