import { isAbsolute } from "node:path"
import { rolldown } from "rolldown"
import { parseSync } from "rolldown/utils"
import { dts } from "rolldown-plugin-dts"

const DECLARED = /^(?:export )?(?:declare )?(?:abstract )?(?:class|const|function|interface|let|type) ([\w$]+)/

/**
 * The declarations that an entry of a package exports, and those that they are made of, as text: sorted by name and without
 * comments, so that it changes with the API alone.
 *
 * @param entry path of a built `.d.ts`
 */
export async function publicApi(entry: string): Promise<string> {
  await using bundle = await rolldown({
    input: entry,
    external: (id) => !id.startsWith(".") && !isAbsolute(id),
    plugins: [dts({ dtsOnly: true, generator: "oxc", sourcemap: false, tsconfig: false })],
  })
  const { output } = await bundle.generate()
  return sortedDeclarations(output[0].code)
}

/** The statements of one bundled file of declarations: what comes from elsewhere first, then what is declared in it. */
function sortedDeclarations(code: string): string {
  const { program, comments } = parseSync("api.d.ts", code)
  const textOf = ({ start, end }: { start: number; end: number }): string => {
    let text = ""
    let from = start
    for (const comment of comments.filter((one) => one.start >= start && one.end <= end)) {
      text += code.slice(from, comment.start)
      from = comment.end
    }
    return (text + code.slice(from, end)).replaceAll(/^[ \t]*\n/gm, "")
  }
  const references: string[] = []
  const declarations: { name: string; text: string }[] = []
  const exported = new Map<string, "export" | "export type">()
  for (const statement of program.body) {
    const text = textOf(statement)
    const [, name] = DECLARED.exec(text) ?? []
    const [, list, listed] = /^(export(?: type)?) \{ ([\w$, ]+) \};$/.exec(text) ?? []
    if (name !== undefined) declarations.push({ name, text })
    else if (listed === undefined || listed.includes(" as ")) references.push(...oneByOne(text))
    else {
      for (const one of listed.split(", ")) {
        const isType = list === "export type" || one.startsWith("type ")
        exported.set(one.replace("type ", ""), isType ? "export type" : "export")
      }
    }
  }
  const heads = references.map((text) => {
    const [, local = ""] = /^import \{ (?:[\w$]+ as )?([\w$]+) \} from/.exec(text) ?? []
    const word = exported.get(local)
    return word === undefined ? text : text.replace("import", word)
  })
  const lines = declarations
    .sort((left, right) => (left.name < right.name ? -1 : 1))
    .map(({ name, text }) => (exported.has(name) ? `export ${text}` : text))
  return `${[...heads.sort(), ...lines].join("\n")}\n`
}

/** An import or export of several names as one line for each. */
function oneByOne(statement: string): string[] {
  const [, before, names, after] = /^([^{]*\{) (.+) (\}.*)$/s.exec(statement) ?? []
  return names?.split(/,\s*/).map((name) => `${before} ${name} ${after}`) ?? [statement]
}
