import { execFile } from "node:child_process"
import { promisify } from "node:util"
import { expect, it } from "vitest"

const run = promisify(execFile)
const source = (path: string): string => new URL(`../../src/${path}`, import.meta.url).href

const PROGRAM = `
  import { registerHooks } from "node:module"
  registerHooks({ resolve: (name, context, next) => next(name === "#digest" ? "${source("digest/node.ts")}" : name, context) })
  const { TokenCache } = await import("${source("cache/token-cache.ts")}")
  const never = () => new Promise(() => undefined)
  const none = async () => undefined
  const token = async () => ({ value: "MIIabc", issuedAt: Date.now(), expiresAt: Date.now() + 3_600_000 })
  const identity = (provider) => Object.assign(provider, { identityKey: "user" })
`

/** A process without a socket, a file or a timer of its own. */
async function outputOf(program: string): Promise<string> {
  const { stdout } = await run(process.execPath, ["--input-type=module", "-e", PROGRAM + program])
  return stdout.trim()
}

it.each([
  [
    "another's lease",
    "{ get: none, set: none, delete: none, take: async () => ({ kind: 'held', now: 0, until: 1_000 }) }",
  ],
  ["a store that does not answer", "{ get: never, set: never, delete: never }"],
])("a process stays alive while it waits for %s", async (_, store) => {
  const program = `
    const cache = new TokenCache({ store: ${store}, leaseMs: 100, storeTimeoutMs: 100 })
    console.log((await cache.get(identity(token))).value)
  `
  expect(await outputOf(program)).toBe("MIIabc")
})

it("a process stays alive while it waits for a slow provider", async () => {
  const program = `
    const cache = new TokenCache({ refreshTimeoutMs: 100 })
    console.log(await cache.get(never).catch(({ code }) => code))
  `
  expect(await outputOf(program)).toBe("AUTH_TOKEN_REQUEST_FAILED")
})

it("a process ends at once when no caller waits", async () => {
  const program = `
    await new TokenCache({ refreshTimeoutMs: 3_600_000, store: { get: none, set: none, delete: none } }).get(identity(token))
    console.log("done")
  `
  expect(await outputOf(program)).toBe("done")
})
