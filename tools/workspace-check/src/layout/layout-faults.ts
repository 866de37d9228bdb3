import { misnamedFiles } from "./file-names.ts"
import { importCircles } from "./import-circles.ts"
import { type LayoutRules, SHORT_LINES } from "./layout-rules.ts"
import type { PackageEntries } from "./package-entries.ts"
import type { SourceModule } from "./source-module.ts"

/** The ways in which the modules break the rules, each in a line that says where, and the way out. */
export function layoutFaults(
  modules: readonly SourceModule[],
  packages: PackageEntries,
  rules: LayoutRules,
): readonly string[] {
  const sources = modules.filter(({ path }) => /^[^/]+\/[^/]+\/src\//.test(path))
  return [
    ...importCircles(modules, packages).map((circle) => `Import circle: ${[...circle, circle[0]].join(" -> ")}`),
    ...nameFaults(sources, rules.misnamed),
    ...countFaults(sources, rules.mostFiles),
    ...shortFaults(sources, rules.short),
    ...commentFaults(sources, rules.mostWhatComments),
  ]
}

function nameFaults(sources: readonly SourceModule[], allowed: LayoutRules["misnamed"]): string[] {
  return listFaults(misnamedFiles(sources), allowed, {
    unlisted: "is named neither after an export nor after a word that its exports share. Rename it in kebab-case.",
    stale: "is listed as misnamed, and is not. Take it off the list.",
  })
}

function countFaults(sources: readonly SourceModule[], limits: LayoutRules["mostFiles"]): string[] {
  return Object.entries(limits).flatMap(([folder, most]) => {
    const count = sources.filter(({ path }) => path.startsWith(`${folder}/`)).length
    return count > most
      ? `${folder} has ${count} files; ${most} is the limit. Merge what belongs together, or raise the limit in layout-rules.ts and say why.`
      : []
  })
}

function shortFaults(sources: readonly SourceModule[], folders: LayoutRules["short"]): string[] {
  return Object.entries(folders).flatMap(([folder, allowed]) => {
    const short = sources.filter(({ path, lines }) => path.startsWith(`${folder}/`) && lines <= SHORT_LINES)
    return listFaults(
      short.map(({ path }) => path),
      allowed,
      {
        unlisted: `has ${SHORT_LINES} lines or fewer. Move them beside their use.`,
        stale: `is listed as having ${SHORT_LINES} lines or fewer, and has more. Take it off the list.`,
      },
    )
  })
}

/** A list of exceptions holds what breaks the rule, and nothing else. */
function listFaults(
  broken: readonly string[],
  allowed: Readonly<Record<string, string>>,
  messages: { unlisted: string; stale: string },
): string[] {
  return [
    ...broken.filter((path) => !Object.hasOwn(allowed, path)).map((path) => `${path} ${messages.unlisted}`),
    ...Object.keys(allowed)
      .filter((path) => !broken.includes(path))
      .map((path) => `${path} ${messages.stale}`),
  ]
}

function commentFaults(sources: readonly SourceModule[], most: number): string[] {
  const found = sources.flatMap(({ path, comments }) =>
    comments.filter((text) => /^[\s*]*What\s/.test(text)).map(() => path),
  )
  if (found.length <= most) return []
  const places = [...new Set(found)].join(", ")
  return [`${found.length} comments begin with "What"; ${most} is the limit. Put the subject first in: ${places}`]
}
