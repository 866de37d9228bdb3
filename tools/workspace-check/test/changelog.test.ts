import { execFileSync } from "node:child_process"
import { join } from "node:path"
import type { ChangelogChange } from "nx/release/changelog-renderer"
import { describe, expect, it } from "vitest"
import UsersChangelog from "../../release/changelog-renderer.ts"

const workspace = join(import.meta.dirname, "../../..")

type Config = ConstructorParameters<typeof UsersChangelog>[0]

const types = Object.fromEntries(
  Object.entries({ feat: "Features", fix: "Fixes", perf: "Performance", build: "Build" }).map(([type, title]) => [
    type,
    { semverBump: "patch", changelog: { title, hidden: false } },
  ]),
)

/** Of a version that these commits made: `type(scope)!: subject`, and the body. */
function entryOf(...commits: readonly (readonly [subject: string, body?: string])[]): Promise<string> {
  const changes = commits.map(([subject, body = ""]): ChangelogChange => {
    const [, type = "", scope = "", breaks, description = ""] = /^(\w+)(?:\((.*)\))?(!)?: (.*)$/.exec(subject) ?? []
    // As git log gives it to nx, with the changed files behind it.
    const log = `${body}\n"\nM\tpackages/ky/src/index.ts\n`
    return { type, scope, description, body: log, isBreaking: breaks === "!", affectedProjects: "*" }
  })
  const config = {
    changes,
    changelogEntryVersion: "1.0.0",
    project: null,
    entryWhenNoChanges: "Nothing changes for users.",
    isVersionPlans: false,
    changelogRenderOptions: { versionTitleDate: false },
    conventionalCommitsConfig: { useCommitScope: true, types },
    remoteReleaseClient: { getRemoteRepoData: () => null },
  } as unknown as Config
  return new UsersChangelog(config).render()
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
})

describe("a dry run of a release", () => {
  it("previews the new versions and the changelog", () => {
    const env = { PATH: process.env.PATH, NX_DAEMON: "false", NX_NO_CLOUD: "true", NO_COLOR: "1" }
    const nx = join(workspace, "node_modules/.bin/nx")
    const told = execFileSync(nx, ["release", "99.0.0", "--dry-run", "--skip-publish"], {
      cwd: workspace,
      env,
      encoding: "utf8",
      stdio: "pipe",
    })
    expect(told).toContain("packages/ky/package.json: version 99.0.0")
    expect(told).toContain("packages/ky/package.json: @countersign/auth-core 99.0.0")
    expect(told).toContain("Previewing an entry in CHANGELOG.md for v99.0.0")
    expect(told).toMatch(/^\W*## 99\.0\.0 \(\d{4}-\d\d-\d\d\)$/m)
  }, 60_000)
})
