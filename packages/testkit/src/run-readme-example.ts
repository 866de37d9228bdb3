import { readFile } from "node:fs/promises"

export interface ReadmeExampleOptions {
  /** The modules that the example imports, by specifier. */
  modules: Readonly<Record<string, object>>
  /** Texts of the example, such as URLs, and their replacements. */
  replace?: Readonly<Record<string, string>>
}

type Program = (modules: object, console: object) => Promise<void>
type ProgramConstructor = new (...parameters: [modules: string, console: string, code: string]) => Program

/** Runs the first TypeScript block of a README, which must be plain JavaScript too. Returns its log. */
export async function runReadmeExample(
  readme: URL,
  { modules, replace = {} }: ReadmeExampleOptions,
): Promise<unknown[]> {
  const [, example] = /^```ts\n(.*?)^```/ms.exec(await readFile(readme, "utf8")) ?? []
  if (example === undefined) throw new Error(`${readme.pathname} has no \`\`\`ts block`)
  let code = example.replace(
    /^import (?:(\w+)|(\{[^}]*\})) from "([^"]+)"$/gm,
    (_, main: string | undefined, named: string | undefined, from: string) =>
      `const ${named ?? `{ default: ${main} }`} = modules["${from}"]`,
  )
  for (const [text, stand] of Object.entries(replace)) {
    if (!code.includes(text)) throw new Error(`The example does not say ${text}`)
    code = code.replaceAll(text, stand)
  }
  const AsyncFunction = (async () => undefined).constructor as unknown as ProgramConstructor
  const logged: unknown[] = []
  await new AsyncFunction("modules", "console", code)(modules, {
    log: (...values: unknown[]) => logged.push(...values),
  })
  return logged
}
