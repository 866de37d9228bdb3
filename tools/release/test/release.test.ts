import { execFileSync, spawn } from "node:child_process"
import {
  appendFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs"
import { tmpdir } from "node:os"
import { dirname, join } from "node:path"
import { fileURLToPath } from "node:url"
import { freePort } from "@countersign/testkit"
import { findFiles } from "@countersign/tools-shared/find-files"
import { npm } from "@countersign/tools-shared/npm"
import { publishedPackages } from "@countersign/tools-shared/published-packages"
import { run } from "@countersign/tools-shared/run"
import { afterAll, beforeAll, describe, expect, it } from "vitest"

const workspace = join(import.meta.dirname, "../../..")
const scratch = mkdtempSync(join(tmpdir(), "release-"))
const clone = join(scratch, "clone")

const author = { GIT_AUTHOR_NAME: "A", GIT_AUTHOR_EMAIL: "a@example.com" }
const committer = { GIT_COMMITTER_NAME: "A", GIT_COMMITTER_EMAIL: "a@example.com" }
const env = { ...author, ...committer, NX_DAEMON: "false", NX_NO_CLOUD: "true", NO_COLOR: "1" }

function git(...args: string[]): string {
  return execFileSync("git", args, { cwd: clone, encoding: "utf8", env: { ...process.env, ...env } }).trim()
}

function read(path: string): string {
  return readFileSync(join(clone, path), "utf8")
}

function release(...args: string[]): Promise<string> {
  return npm(["run", "release", "--", ...args], clone, env)
}

/** Everything that a release changes. */
function state(): unknown {
  return [git("rev-parse", "HEAD"), git("tag"), git("status", "--porcelain"), read("packages/ky/package.json")]
}

function commit(subject: string): void {
  git("add", "--all")
  git("commit", "--quiet", "--no-verify", "--message", subject)
}

/** A repository as it is before the first release, with what was built beside it. */
beforeAll(() => {
  execFileSync("git", ["clone", "--quiet", "--no-tags", workspace, clone])
  symlinkSync(join(workspace, "node_modules"), join(clone, "node_modules"))
  appendFileSync(join(clone, ".git/info/exclude"), "node_modules\n")
  for (const dist of findFiles(workspace, "packages/*/dist")) {
    cpSync(join(workspace, dist), join(clone, dist), { recursive: true })
  }
}, 60_000)

afterAll(() => rmSync(scratch, { recursive: true, force: true }), 60_000)

describe("a release", { timeout: 240_000 }, () => {
  const registry = ownRegistry()

  it("that fails leaves everything as it was", async () => {
    const hook = join(clone, ".git/hooks/pre-commit")
    writeFileSync(hook, "#!/bin/sh\nexit 1\n", { mode: 0o755 })
    const before = state()
    await expect(release()).rejects.toThrow("The release failed, and everything is as it was before")
    expect(state()).toEqual(before)
    rmSync(hook)
  })

  it("is refused while changes are not committed", async () => {
    writeFileSync(join(clone, "note.txt"), "")
    await expect(release()).rejects.toThrow("The working tree has changes that are not committed.")
    rmSync(join(clone, "note.txt"))
  })

  it("is only shown by --dry-run", async () => {
    const before = state()
    expect(await release("99.0.0", "--dry-run")).toContain("packages/ky/package.json: @countersign/auth-core 99.0.0")
    expect(state()).toEqual(before)
  })

  it("publishes the version that the packages have, if it is the first", async () => {
    await release()
    expect(git("tag")).toBe("v0.1.0")
    expect(git("log", "-1", "--format=%s")).toBe("chore: release 0.1.0")
    for (const { folder, manifest } of publishedPackages(clone)) {
      expect(manifest.version).toBe("0.1.0")
      expect(readFileSync(join(folder, "CHANGELOG.md"), "utf8")).toMatch(
        /^## 0\.1\.0 \(\S+\)\n\nThe first release\.\n?$/,
      )
    }
    expect(git("ls-files", "*/CHANGELOG.md").split("\n")).toHaveLength(publishedPackages(clone).length)
    await registry.publish()
  })

  it("is installed by users of each package, with nothing else but its peers", async () => {
    await Promise.all(
      publishedPackages(clone).map(async ({ manifest }) => {
        const { name, peerDependencies = {} } = manifest
        const folder = registry.emptyProject(name)
        await npm(["install", name, ...Object.keys(peerDependencies)], folder)
        const load = `await import(${JSON.stringify(name)})`
        if (name !== "@countersign/cli") await run(process.execPath, ["--input-type=module", "--eval", load], folder)
        else await npm(["exec", "--", "countersign", "--version"], folder)
      }),
    )
  })

  it("takes its version from the commits, tells each package's users what concerns them, and upgrades", async () => {
    const api = "packages/ky/test/public-api.txt"
    writeFileSync(join(clone, api), read(api).replace(/^export type \{ GuardOptions \}.*\n/m, ""))
    commit("feat(ky)!: guard options have no type")
    appendFileSync(join(clone, "packages/got/README.md"), "\n")
    commit("fix(got): an answer is kept")
    await release()
    expect(git("tag")).toBe("v0.1.0\nv0.2.0")
    const ky = read("packages/ky/CHANGELOG.md")
    expect(ky).toContain("### Breaking changes\n\n- **ky:** guard options have no type")
    expect(ky).toMatch(/```diff\n-export type \{ GuardOptions \}.*\n```/)
    expect(ky).not.toContain("an answer is kept")
    const got = read("packages/got/CHANGELOG.md")
    expect(got).toContain("- **got:** an answer is kept")
    expect(got).not.toContain("guard options")
    expect(read("packages/axios/CHANGELOG.md")).not.toContain("0.2.0")
    expect(read("CHANGELOG.md")).toMatch(/guard options have no type[\s\S]*an answer is kept[\s\S]*## 0\.1\.0/)
    const lockfile: { packages: Record<string, { version: string }> } = JSON.parse(read("package-lock.json"))
    expect(lockfile.packages["packages/ky"]).toMatchObject({
      version: "0.2.0",
      dependencies: { "@countersign/auth-core": "0.2.0" },
    })
    await registry.publish()
    const folder = registry.emptyProject("@countersign/ky")
    await npm(["install", "@countersign/ky@latest"], folder)
    const versions = await npm(["ls", "--all", "--parseable", "--long"], folder)
    expect(versions).toMatch(/@countersign\/ky@0\.2\.0/)
    expect(versions).toMatch(/@countersign\/auth-core@0\.2\.0/)
  })

  it("that was published is not published twice", async () => {
    expect(await registry.publish()).toContain("@countersign/ky@0.2.0 is already published")
  })
})

/** A registry on this machine, which takes the packages of others from the usual one. */
function ownRegistry(): { publish(): Promise<string>; emptyProject(name: string): string } {
  const home = join(scratch, "registry")
  let url: string
  let end: () => void
  beforeAll(async () => {
    mkdirSync(home)
    const port = await freePort()
    url = `http://127.0.0.1:${port}/`
    const usual = (await npm(["config", "get", "registry"], scratch)).trim()
    const config = {
      storage: join(home, "storage"),
      auth: { htpasswd: { file: join(home, "htpasswd") } },
      uplinks: { usual: { url: usual, maxage: "60m" } },
      packages: {
        "@countersign/*": { access: "$all", publish: "$all" },
        "**": { access: "$all", proxy: "usual" },
      },
      log: { type: "stdout", format: "json", level: "error" },
    }
    writeFileSync(join(home, "config.yaml"), JSON.stringify(config))
    const verdaccio = join(dirname(fileURLToPath(import.meta.resolve("verdaccio/package.json"))), "bin/verdaccio")
    const child = spawn(
      process.execPath,
      [verdaccio, "--config", join(home, "config.yaml"), "--listen", `127.0.0.1:${port}`],
      {
        stdio: "ignore",
      },
    )
    end = () => void child.kill()
    while (
      !(await fetch(`${url}-/ping`).then(
        ({ ok }) => ok,
        () => false,
      ))
    ) {
      if (child.exitCode !== null) throw new Error("verdaccio has ended")
      await new Promise((resolve) => setTimeout(resolve, 200))
    }
  }, 60_000)
  afterAll(() => end())
  return {
    publish() {
      const userConfig = join(home, "npmrc")
      // The registry lets everybody publish, but npm wants a token.
      writeFileSync(userConfig, `//${new URL(url).host}/:_authToken=any\n`)
      const options = [`--registry=${url}`, "--no-provenance"]
      return npm(["run", "publish-packages", "-w", "tools/release", "--", ...options], clone, {
        ...env,
        NPM_CONFIG_USERCONFIG: userConfig,
      })
    },
    emptyProject(name) {
      const folder = join(scratch, "users", name.replace(/.*\//, ""))
      mkdirSync(folder, { recursive: true })
      writeFileSync(join(folder, ".npmrc"), `registry=${url}\n`)
      if (!existsSync(join(folder, "package.json"))) writeFileSync(join(folder, "package.json"), "{}\n")
      return folder
    },
  }
}
