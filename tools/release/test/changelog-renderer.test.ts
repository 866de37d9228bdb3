import type { ChangelogChange } from "nx/release/changelog-renderer"
import { describe, expect, it } from "vitest"
import UsersChangelog from "../src/changelog-renderer.ts"

type Config = ConstructorParameters<typeof UsersChangelog>[0]

/** The changelog of a later release. */
class LaterChangelog extends UsersChangelog {
  protected override lastTag(): string {
    return "HEAD"
  }
}

const types = Object.fromEntries(
  Object.entries({ feat: "Features", fix: "Fixes", perf: "Performance", build: "Build" }).map(([type, title]) => [
    type,
    { semverBump: "patch", changelog: { title, hidden: false } },
  ]),
)

type Commit = readonly [subject: string, body?: string]

/** Of a version that these commits made: `type(scope)!: subject`, and the body. */
function entryOf(...commits: readonly Commit[]): Promise<string> {
  return entryFor(null, ...commits)
}

function entryFor(project: string | null, ...commits: readonly Commit[]): Promise<string> {
  const changes = commits.map(([subject, body = ""]): ChangelogChange => {
    const [, type = "", scope = "", breaks, description = ""] = /^(\w+)(?:\((.*)\))?(!)?: (.*)$/.exec(subject) ?? []
    // As git log gives it to nx, with the changed files behind it.
    const log = `${body}\n"\nM\tpackages/ky/src/index.ts\n`
    return { type, scope, description, body: log, isBreaking: breaks === "!", affectedProjects: "*" }
  })
  const config = {
    changes,
    changelogEntryVersion: "1.0.0",
    project,
    entryWhenNoChanges: "Nothing changes for users.",
    isVersionPlans: false,
    changelogRenderOptions: { versionTitleDate: false },
    conventionalCommitsConfig: { useCommitScope: true, types },
    remoteReleaseClient: { getRemoteRepoData: () => null },
  } as unknown as Config
  return new LaterChangelog(config).render()
}

describe("an entry of the changelog", () => {
  it("lists breaking changes first, by the notes of their commits", async () => {
    const body = "Why it is so.\n\nBREAKING CHANGE: List other\nhosts in `hosts`.\nBREAKING CHANGE: Leave the key out."
    expect(await entryOf(["fix(ky): a fix"], ["build(got)!: Node 24"], ["feat(axios)!: a feature", body])).toBe(
      [
        "## 1.0.0",
        "### Breaking changes",
        "- **got:** Node 24\n- List other hosts in `hosts`.\n- Leave the key out.",
        "### Features",
        "- **axios:** a feature",
        "### Fixes",
        "- **ky:** a fix",
      ].join("\n\n"),
    )
  })

  it("leaves out private packages, and types that are not for users", async () => {
    const entry = await entryOf(
      ["feat(bench): a chart"],
      ["fix(testkit,ky): a fix of both"],
      ["perf(testkit): faster tests"],
      ["build(ky): a bundle"],
      ["fix: a fix of all"],
    )
    expect(entry).toBe("## 1.0.0\n\n### Fixes\n\n- a fix of all\n- **testkit,ky:** a fix of both")
  })

  it("says if nothing changes for users", async () => {
    expect(await entryOf(["feat(bench): a chart"])).toBe("## 1.0.0\n\nNothing changes for users.")
  })

  it("of a package lists its own commits, and those about all packages", async () => {
    const entry = await entryFor(
      "@countersign/ky",
      ["fix(got): a fix"],
      ["fix(axios,ky): a fix of both"],
      ["fix: a fix of all"],
    )
    expect(entry).toBe("## 1.0.0\n\n### Fixes\n\n- **axios,ky:** a fix of both\n- a fix of all")
  })
})
