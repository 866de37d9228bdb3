import { join, relative } from "node:path"
import { Application, Logger, LogLevel, type ProjectReflection } from "typedoc"
import { sitePackages, workspace } from "./workspace.ts"

/** The public API of all packages, as TypeDoc reads it. */
export interface ApiReference {
  /** Items without a comment, comments that link to nothing, and the like. */
  readonly faults: readonly string[]
  /** Writes a page for each item. */
  write(folder: string): Promise<void>
}

/**
 * Reads the public API of the packages from their sources.
 *
 * @param entries the source file of each entry, and what users import; by default those of all published packages
 * @throws {Error} when the sources cannot be read
 */
export async function readApi(
  entries: readonly { specifier: string; source: string }[] = sitePackages().flatMap(({ entries }) => entries),
): Promise<ApiReference> {
  const app = await Application.bootstrapWithPlugins({
    entryPoints: entries.map(({ source }) => source),
    basePath: workspace,
    tsconfig: join(import.meta.dirname, "../tsconfig.api.json"),
    plugin: ["typedoc-plugin-markdown"],
    // `tsc` checks the sources with the repository's own release of TypeScript.
    skipErrorChecking: true,
    excludePrivate: true,
    excludeInternal: true,
    disableSources: true,
    readme: "none",
    logLevel: LogLevel.Warn,
    // Without a list, only what stands above all packages is meant.
    packagesRequiringDocumentation: [...sitePackages().map(({ name }) => name), "@countersign/tools-site"],
    requiredToBeDocumented: [...DOCUMENTED],
    validation: { notDocumented: true, notExported: true, invalidLink: true },
  })
  const faults: string[] = []
  app.logger = new CollectingLogger(faults)
  const project = await app.convert()
  if (project === undefined) throw new Error(`TypeDoc cannot read the packages:\n${faults.join("\n")}`)
  nameModules(project, entries)
  app.validate(project)
  return {
    faults,
    async write(folder) {
      for (const [name, value] of Object.entries(PAGE_OPTIONS)) app.options.setValue(name as never, value as never)
      app.options.setValue("outputs", [{ name: "markdown", path: folder }])
      await app.generateOutputs(project)
    },
  }
}

class CollectingLogger extends Logger {
  readonly #faults: string[]
  constructor(faults: string[]) {
    super()
    this.#faults = faults
  }
  override log(message: string, level: LogLevel): void {
    // The comment of a type describes the members of the literals in it.
    if (level >= LogLevel.Warn && !message.includes(".__type")) this.#faults.push(message)
  }
}

const DOCUMENTED = [
  "Variable",
  "Function",
  "Class",
  "Interface",
  "Property",
  "Method",
  "Accessor",
  "TypeAlias",
] as const

const PAGE_OPTIONS = {
  outputFileStrategy: "members",
  entryFileName: "index",
  hidePageHeader: true,
  hideBreadcrumbs: true,
  pageTitleTemplates: { index: "API reference", module: "{name}", member: "{name}" },
  parametersFormat: "list",
  interfacePropertiesFormat: "list",
}

/** Names each module as users import it. TypeDoc names it by its path. */
function nameModules(project: ProjectReflection, entries: readonly { specifier: string; source: string }[]): void {
  for (const { specifier, source } of entries) {
    const path = relative(workspace, source)
      .replaceAll("\\", "/")
      .replace(/(\/index)?\.ts$/, "")
    const module = project.children?.find(({ name }) => name === path)
    if (module === undefined) throw new Error(`TypeDoc knows no module ${path}.`)
    module.name = specifier
  }
}
