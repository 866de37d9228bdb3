import { readFileSync } from "node:fs"
import { join } from "node:path"
import { describe, expect, it } from "vitest"
import { parse } from "yaml"

const workspace = join(import.meta.dirname, "../../..")
const read = (path: string): string => readFileSync(join(workspace, path), "utf8")

interface Workflow {
  permissions?: object
  jobs: Record<string, Job>
}

interface Job {
  permissions?: object
  strategy?: { matrix: Record<string, unknown[]> }
  steps: { run?: string; uses?: string }[]
}

const workflow: Workflow = parse(read(".github/workflows/ci.yml"))
const jobs = Object.values(workflow.jobs)
const release: Workflow = parse(read(".github/workflows/release.yml"))
const releaseJobs = Object.values(release.jobs)

describe("the CI workflow", () => {
  const commands = (job: string) => workflow.jobs[job]?.steps.flatMap(({ run }) => run ?? [])

  it("runs .ci/run", () => {
    expect(commands("check")?.filter((run) => !run.startsWith("git config "))).toEqual(["bash .ci/run"])
  })

  it("checks the packages as users have them", () => {
    expect(commands("packages")).toEqual(["npm ci", "npm run check"])
  })

  it("holds the published conformance and speed", () => {
    expect(commands("figures")?.slice(-2)).toEqual([
      'npm run conformance -- --check --runtime "Node 24"',
      "npm run bench -- --quick --check",
    ])
  })

  it("runs the tests whose programs .ci/run does not install", () => {
    expect(commands("figures")).toContain("npx vitest run --root packages/server test/real-keystone.test.ts")
    expect(commands("figures")).toContain("npx vitest run --root packages/emulator test/gophercloud.test.ts")
  })

  it("tests each supported Node on each system", () => {
    expect(workflow.jobs.test?.strategy?.matrix).toEqual({
      os: [expect.stringMatching(/^ubuntu-/), expect.stringMatching(/^macos-/), expect.stringMatching(/^windows-/)],
      node: [22, 24, 26],
    })
    expect(commands("test")).toEqual([
      "npm ci",
      expect.stringMatching(/^npm install --no-save node@\$\{\{ matrix\.node \}\}$/),
      "npm test",
    ])
  })

  it("may read the repository and nothing else", () => {
    expect(workflow.permissions).toEqual({})
    expect(jobs.map(({ permissions }) => permissions)).toEqual(jobs.map(() => ({ contents: "read" })))
  })

  it("names each action by its full commit", () => {
    const actions = [...jobs, ...releaseJobs].flatMap((job) => job.steps).flatMap(({ uses }) => uses ?? [])
    expect(actions).not.toEqual([])
    for (const action of actions) expect(action).toMatch(/@[\da-f]{40}$/)
  })
})

describe("the release workflow", () => {
  it("tests everything before it publishes", () => {
    const [job] = releaseJobs
    expect(job?.steps.flatMap(({ run }) => run ?? []).filter((run) => !run.startsWith("git config "))).toEqual([
      "bash .ci/run",
      "npm run check",
      "npm run build",
      "npm run publish-packages -w tools/release",
    ])
  })

  it("may read the repository and name itself to npm, and nothing else", () => {
    expect(release.permissions).toEqual({})
    expect(releaseJobs.map(({ permissions }) => permissions)).toEqual([{ contents: "read", "id-token": "write" }])
    expect(JSON.stringify(release)).not.toContain("secrets.")
  })
})

describe("the dev container", () => {
  it("installs the system tools that .ci/run installs", () => {
    expect(read(".ci/system-tools").trim().split("\n")).toContain("redis-server")
    expect(read(".ci/run")).toContain("done <.ci/system-tools")
    expect(read(".devcontainer/Dockerfile")).toContain("COPY .ci/system-tools ")
    const { build } = JSON.parse(read(".devcontainer/devcontainer.json"))
    expect(build).toEqual({ dockerfile: "Dockerfile", context: ".." })
  })
})
