import { readFileSync } from "node:fs"
import { join } from "node:path"
import { findFiles } from "@countersign/tools-shared/find-files"
import { parseSync, Visitor } from "rolldown/utils"

/** A module of the workspace, as far as the rules of the layout look at it. */
export interface SourceModule {
  /** Its path below the workspace, with slashes. */
  path: string
  lines: number
  /** Every specifier it names: imports, re-exports, `import()` and `import("…")` types. */
  imports: readonly string[]
  exports: readonly string[]
  comments: readonly string[]
}

/** Reads the modules that match the globs; none is outside of what Git tracks, since built and installed files are left out. */
export function sourceModules(workspace: string, globs: readonly string[]): SourceModule[] {
  return findFiles(workspace, globs, ["**/node_modules", "**/dist"]).map((path) =>
    sourceModule(path, readFileSync(join(workspace, path), "utf8")),
  )
}

export function sourceModule(path: string, text: string): SourceModule {
  const { program, module, comments, errors } = parseSync(path, text)
  if (errors[0] !== undefined) throw new Error(`${path}: ${errors[0].message}`)
  const imports = new Set<string>()
  const name = (source: { type: string; value?: unknown } | null): void => {
    if (typeof source?.value === "string") imports.add(source.value)
  }
  new Visitor({
    ImportDeclaration: ({ source }) => name(source),
    ExportNamedDeclaration: ({ source }) => name(source),
    ExportAllDeclaration: ({ source }) => name(source),
    ImportExpression: ({ source }) => name(source),
    TSImportType: ({ source }) => name(source),
  }).visit(program)
  const exports = module.staticExports.flatMap(({ entries }) =>
    entries.flatMap(({ exportName, localName }) => exportName.name ?? localName.name ?? []),
  )
  return {
    path,
    lines: text.trimEnd().split("\n").length,
    imports: [...imports],
    exports: [...new Set(exports)],
    comments: comments.map(({ value }) => value),
  }
}
