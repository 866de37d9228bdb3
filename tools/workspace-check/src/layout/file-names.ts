import { posix } from "node:path"
import type { SourceModule } from "./source-module.ts"

/**
 * The modules named neither after an export, with or without its verb, nor after a word that all their exports share.
 *
 * Programs export nothing, and are named after what they do; an `index.ts` is named after its folder, another entry of a
 * package after the subpath by which programs import it. A `*.chunk.ts` is exempt: it is named after the moment that loads it,
 * and holds all that this moment needs.
 */
export function misnamedFiles(modules: readonly SourceModule[]): string[] {
  return modules.filter((module) => !isNamedAfterExports(module)).map(({ path }) => path)
}

function isNamedAfterExports({ path, exports }: SourceModule): boolean {
  const base = posix.basename(path).replace(/\.d\.ts$|\.[cm]?[jt]s$/, "")
  const isEntry = base === "index" || /^packages\/[a-z-]+\/src\/adapter\.ts$/.test(path)
  if (isEntry || base.endsWith(".chunk") || exports.length === 0) return true
  const words = base.split("-")
  const names = exports.map(wordsOf)
  if (names.some((name) => isCutShort(words, name) || isCutShort(words.toReversed(), name.toReversed()))) return true
  return words.some((word) => names.every((name) => name.some((other) => isSame(word, other))))
}

/** The name begins with these words, so that `endpoint` is short for `endpointOf` and, read backwards, for `resolveEndpoint`. */
function isCutShort(words: readonly string[], name: readonly string[]): boolean {
  return words.length <= name.length && words.every((word, at) => isSame(word, name[at] ?? ""))
}

/** `sha256Hex`, `Sha256Hex` and `SHA256_HEX` are sha256 and hex. */
function wordsOf(name: string): string[] {
  return name
    .replaceAll(/([a-z\d])([A-Z])/g, "$1-$2")
    .replaceAll(/([A-Z])([A-Z][a-z])/g, "$1-$2")
    .toLowerCase()
    .split(/[-_]/)
}

/** One word in another form, such as `body` and `bodies`, `sign` and `signature`. */
function isSame(one: string, other: string): boolean {
  const [short = "", long = ""] = [singular(one), singular(other)].sort((left, right) => left.length - right.length)
  const stem = short.length > 4 ? short.replace(/(?:y|e|es|ed|ing)$/, "") : short
  return long === short || (stem.length >= 4 && long.startsWith(stem))
}

function singular(word: string): string {
  return word.replace(/ies$/, "y").replace(/(?<!s)s$/, "")
}
