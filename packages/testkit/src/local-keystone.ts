import { type ChildProcess, spawn, spawnSync } from "node:child_process"
import { once } from "node:events"
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { setTimeout as delay } from "node:timers/promises"
import { freePort } from "./free-port.ts"

export interface LocalKeystone {
  readonly url: string
  /** The user `admin` of the domain `Default`, with the role `admin` in the project `admin`. */
  readonly password: string
  /** SIGSTOP: connections stay open, and nothing answers. */
  pause(): void
  resume(): void
  stop(): Promise<void>
}

/** Whether this machine has Keystone. The workflow of .github installs it; .ci/run has no time for it. */
export function hasKeystone(): boolean {
  const found = ["keystone-manage", "keystone-wsgi-public"].every(
    (program) => spawnSync("sh", ["-c", `command -v ${program}`]).status === 0,
  )
  if (!found)
    process.stderr.write(
      "Tests on a real Keystone are skipped: apt-get install --no-install-recommends keystone to run them.\n",
    )
  return found
}

/** A real Keystone on a free port of this machine, with a database of its own. It takes about half a minute to start. */
export async function localKeystone(): Promise<LocalKeystone> {
  const port = await freePort()
  const directory = mkdtempSync(join(tmpdir(), "countersign-keystone-"))
  const password = "secret-of-admin"
  for (const name of ["fernet", "credential"]) mkdirSync(join(directory, name), { mode: 0o700 })
  writeFileSync(
    join(directory, "keystone.conf"),
    `[database]
connection = sqlite:///${directory}/keystone.db
[fernet_tokens]
key_repository = ${directory}/fernet
[fernet_receipts]
key_repository = ${directory}/fernet
[credential]
key_repository = ${directory}/credential
[cache]
enabled = false
`,
  )
  const manage = (...command: string[]): void => {
    const result = spawnSync("keystone-manage", ["--config-file", join(directory, "keystone.conf"), ...command])
    if (result.status !== 0) throw new Error(`keystone-manage ${command[0]} failed: ${result.stderr}`)
  }
  const user = String(spawnSync("id", ["-un"]).stdout).trim()
  const group = String(spawnSync("id", ["-gn"]).stdout).trim()
  manage("db_sync")
  manage("fernet_setup", "--keystone-user", user, "--keystone-group", group)
  manage("bootstrap", "--bootstrap-password", password, "--bootstrap-region-id", "RegionOne")
  const server = spawn("keystone-wsgi-public", ["-b", "127.0.0.1", "-p", String(port)], {
    env: { ...process.env, OS_KEYSTONE_CONFIG_DIR: directory, OS_KEYSTONE_CONFIG_FILES: "keystone.conf" },
    stdio: "ignore",
  })
  const url = `http://127.0.0.1:${port}`
  const stop = async (): Promise<void> => {
    if (server.exitCode === null && server.signalCode === null) {
      const exited = once(server, "exit")
      server.kill("SIGKILL")
      await exited
    }
    rmSync(directory, { recursive: true, force: true })
  }
  try {
    await answering(url, server)
  } catch (error) {
    await stop()
    throw error
  }
  return {
    url,
    password,
    pause: () => void server.kill("SIGSTOP"),
    resume: () => void server.kill("SIGCONT"),
    stop,
  }
}

async function answering(url: string, server: ChildProcess): Promise<void> {
  for (let attempt = 0; attempt < 600; attempt++) {
    if (server.exitCode !== null) throw new Error("Keystone ended while it started.")
    const isUp = await fetch(`${url}/v3`).then(
      (response) => response.ok,
      () => false,
    )
    if (isUp) return
    await delay(100)
  }
  throw new Error(`No Keystone answers at ${url}.`)
}
