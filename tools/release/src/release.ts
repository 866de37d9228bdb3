// Makes a release: versions, changelogs, commit and tag. See CONTRIBUTING.md.
import { execFileSync } from "node:child_process"
import { readFileSync } from "node:fs"
import { join } from "node:path"
import { parseArgs } from "node:util"
import { releaseChangelog, releaseVersion } from "nx/release"

const workspace = join(import.meta.dirname, "../../..")

const HELP = `Usage: npm run release -- [VERSION] [--dry-run]

Writes the next version to every package.json, an entry to each changelog, a commit and a tag. Nothing is published or
pushed. The commits since the last tag decide the version, unless you name one. The first release keeps the version that
the packages have. If a release fails, everything is as it was before.`

function git(...args: string[]): string {
  return execFileSync("git", args, { cwd: workspace, encoding: "utf8" }).trim()
}

/** The version that the packages have now. They all have the same. */
function presentVersion(): string {
  return JSON.parse(readFileSync(join(workspace, "packages/auth-core/package.json"), "utf8")).version
}

interface Release {
  /** Absent: the commits decide. */
  readonly version: string | undefined
  readonly firstRelease: boolean
  readonly dryRun: boolean
}

async function prepare({ version: specifier, firstRelease, dryRun }: Release): Promise<void> {
  const { workspaceVersion, projectsVersionData, releaseGraph } = await releaseVersion({
    ...(specifier === undefined ? undefined : { specifier }),
    firstRelease,
    dryRun,
    gitCommit: false,
    gitTag: false,
    stageChanges: !dryRun,
  })
  if (!workspaceVersion) {
    console.log("No commit since the last release changes anything for users. Name a version to release anyway.")
    return
  }
  await releaseChangelog({
    version: workspaceVersion,
    versionData: projectsVersionData,
    releaseGraph,
    firstRelease,
    dryRun,
    gitCommit: true,
    gitTag: true,
    gitPush: false,
    createRelease: false,
  })
}

/** Takes back a release that failed, or was stopped: its commit, tag and files. The tree was clean before. */
function restore(head: string): void {
  if (git("rev-parse", "HEAD") !== head) {
    for (const tag of git("tag", "--points-at", "HEAD", "--list", "v*").split("\n").filter(Boolean)) {
      git("tag", "--delete", tag)
    }
  }
  git("reset", "--hard", "--quiet", head)
  git("clean", "--force", "--quiet", "--", "packages")
}

async function main(): Promise<number> {
  const options = { "dry-run": { type: "boolean", default: false }, help: { type: "boolean", short: "h" } } as const
  const { values, positionals } = parseArgs({ options, allowPositionals: true })
  if (values.help) {
    console.log(HELP)
    return 0
  }
  if (git("status", "--porcelain") !== "") {
    console.error("The working tree has changes that are not committed. Commit or stash them, then release again.")
    return 1
  }
  const head = git("rev-parse", "HEAD")
  const firstRelease = git("tag", "--list", "v*") === ""
  const version = positionals[0] ?? (firstRelease ? presentVersion() : undefined)
  const { "dry-run": dryRun } = values
  let isDone = dryRun
  // nx ends the process where it fails.
  process.once("exit", () => {
    if (isDone) return
    restore(head)
    console.error("The release failed, and everything is as it was before.")
  })
  process.once("SIGINT", () => process.exit(130)).once("SIGTERM", () => process.exit(143))
  await prepare({ version, firstRelease, dryRun })
  isDone = true
  return 0
}

process.exitCode = await main()
