import { execFileSync } from "node:child_process"
import { existsSync, readFileSync } from "node:fs"
import { join } from "node:path"
import type { ChangelogChange } from "nx/release/changelog-renderer"
import renderer from "nx/release/changelog-renderer"

const workspace = join(import.meta.dirname, "../../..")

/** The types with subjects for users. Of other types only breaking changes are listed. */
const TOLD_TYPES = ["feat", "fix", "perf"]
const NOTE = /^BREAKING CHANGE: /m

/**
 * Tells `nx release` how to write a version in a CHANGELOG.md: breaking changes first, with the notes of their commits, then
 * features, fixes and performance. The changelog of the workspace is about all published packages. That of a package is
 * about its own commits, and shows what its public API lost.
 */
export default class UsersChangelog extends renderer.default {
  protected override filterChanges(changes: ChangelogChange[], project: string | null): ChangelogChange[] {
    // Nothing that came before is news to a user of the first release.
    if (this.lastTag() === undefined) return []
    const told = changes.filter(
      ({ type, scope, isBreaking }) => isBreaking || (TOLD_TYPES.includes(type) && packagesOf(scope) !== "private"),
    )
    if (project === null) return told
    const id = idOf(project)
    return told.filter(({ scope }) => {
      const packages = packagesOf(scope)
      return Array.isArray(packages) ? packages.includes(id) : packages === "all"
    })
  }

  override async render(): Promise<string> {
    if (this.lastTag() === undefined) this.entryWhenNoChanges = "The first release."
    const entry = await super.render()
    const removed = this.project === null ? [] : this.#removedApi(idOf(this.project))
    if (removed.length === 0) return entry
    const shown = ["### Changed or removed in the public API", "", "```diff", ...removed, "```"].join("\n")
    return [entry || this.renderVersionTitle(), shown].join("\n\n")
  }

  /** The tag of the release before. */
  protected lastTag(): string | undefined {
    const [tag] = git("tag", "--list", "v*", "--sort=-version:refname").split("\n")
    return tag || undefined
  }

  /** The lines of the snapshot of a package's public API that changed, where any was lost. */
  #removedApi(id: string): string[] {
    const tag = this.lastTag()
    if (tag === undefined) return []
    const diff = git("diff", "--unified=0", tag, "--", `packages/${id}/test/public-api.txt`)
    const changes = diff.split("\n@@").slice(1)
    return changes
      .filter((change) => change.includes("\n-"))
      .flatMap((change) => change.split("\n").filter((line) => /^[-+]/.test(line)))
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

function git(...args: string[]): string {
  return execFileSync("git", args, { cwd: workspace, encoding: "utf8" })
}

/** The folder of a project, such as `ky` for `@countersign/ky`. */
function idOf(project: string): string {
  return project.replace(/^@countersign\//, "")
}

/** The published packages that a scope such as `ky` or `axios,got` names; "all" without a scope. */
function packagesOf(scope: string | undefined): string[] | "all" | "private" {
  if (!scope) return "all"
  const published = scope
    .split(",")
    .map((name) => name.trim())
    .filter((name) => {
      const manifest = join(workspace, "packages", name, "package.json")
      return existsSync(manifest) && JSON.parse(readFileSync(manifest, "utf8")).private !== true
    })
  return published.length === 0 ? "private" : published
}
