import { posix } from "node:path"
import type { PackageEntries } from "./package-entries.ts"
import type { SourceModule } from "./source-module.ts"

/**
 * The circles of imports, each as the modules on it in the order of their imports.
 *
 * An import of a type and an `import()` count like any other: each says that one file cannot be read without the other.
 * Of circles that share modules, one for each module that closes one.
 */
export function importCircles(modules: readonly SourceModule[], packages: PackageEntries = {}): string[][] {
  const known = new Map(modules.map((module) => [module.path, module]))
  const targetsOf = ({ path, imports }: SourceModule): string[] =>
    imports
      .flatMap((name) => (name.startsWith(".") ? posix.join(posix.dirname(path), name) : (packages[name] ?? [])))
      .filter((target) => known.has(target))
  const circles: string[][] = []
  const finished = new Set<string>()
  const trail: string[] = []
  const visit = (path: string): void => {
    const begin = trail.indexOf(path)
    if (begin !== -1) circles.push(trail.slice(begin))
    const module = known.get(path)
    if (begin !== -1 || finished.has(path) || module === undefined) return
    trail.push(path)
    for (const target of targetsOf(module)) visit(target)
    trail.pop()
    finished.add(path)
  }
  for (const path of known.keys()) visit(path)
  return circles
}
