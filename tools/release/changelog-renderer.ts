import { existsSync, readFileSync } from "node:fs"
import { join } from "node:path"
import type { ChangelogChange } from "nx/release/changelog-renderer"
import renderer from "nx/release/changelog-renderer"

/** The types with subjects for users. Of other types only breaking changes are listed. */
const TOLD_TYPES = ["feat", "fix", "perf"]
const NOTE = /^BREAKING CHANGE: /m

/**
 * Tells `nx release` how to write a version in CHANGELOG.md: breaking changes first, with the notes of their commits, then
 * features, fixes and performance of the published packages.
 */
export default class UsersChangelog extends renderer.default {
  protected override filterChanges(changes: ChangelogChange[], project: string | null): ChangelogChange[] {
    return super
      .filterChanges(changes, project)
      .filter(({ type, scope, isBreaking }) => isBreaking || (TOLD_TYPES.includes(type) && isPublished(scope)))
  }

  /** One heading level for all versions; nx gives a major one the level of a title. */
  protected override renderVersionTitle(): string {
    return super.renderVersionTitle().replace(/^#+/, "##")
  }

  protected override renderChangesByType(): string[] {
    const notes = this.relevantChanges.filter(({ isBreaking }) => isBreaking).flatMap((change) => this.#notes(change))
    this.relevantChanges = this.relevantChanges.filter(({ type }) => TOLD_TYPES.includes(type))
    const byType = super.renderChangesByType()
    return notes.length === 0 ? byType : ["", "### Breaking changes", "", ...notes, ...byType]
  }

  /** They are already listed first. */
  protected override hasBreakingChanges(): boolean {
    return false
  }

  protected override formatChange(change: ChangelogChange): string {
    return super.formatChange({ ...change, isBreaking: false })
  }

  #notes(change: ChangelogChange): string[] {
    const [, ...notes] = (change.body ?? "").split(NOTE)
    if (notes.length === 0) return [this.formatBreakingChangeBase(change)]
    return notes.map((note) => {
      const text = this.extractBreakingChangeExplanation(`BREAKING CHANGE: ${note}`) ?? ""
      return `- ${text.replace(/\s+/g, " ")}`
    })
  }
}

/** Whether a scope, such as `ky` or `axios,got`, names a package that users install. */
function isPublished(scope: string | undefined): boolean {
  if (!scope) return true
  return scope.split(",").some((name) => {
    const manifest = join(import.meta.dirname, "../../packages", name.trim(), "package.json")
    return existsSync(manifest) && JSON.parse(readFileSync(manifest, "utf8")).private !== true
  })
}
