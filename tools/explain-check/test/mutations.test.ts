import { join } from "node:path"
import { type AkskAuthOptions, akskAuth } from "@countersign/auth-core"
import { type Explanation, explain, explainable } from "@countersign/auth-core/explain"
import { type Emulator, startEmulator } from "@countersign/emulator"
import { shown } from "@countersign/testkit"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { ANSWER_FORMS } from "../src/answer-forms.ts"
import { type ChangingProxy, changingProxy } from "../src/changing-proxy.ts"
import { CLIENTS } from "../src/clients.ts"
import { HARMLESS, MUTATIONS, type Mutation, UNNAMED } from "../src/mutations.ts"
import { pick, randomOf } from "../src/random.ts"
import { troubleshootingPage } from "../src/troubleshooting-page.ts"

const workspace = join(import.meta.dirname, "../../..")
const clients = Object.keys(CLIENTS)
/** The given names and their clients, by change. */
const named = new Map<string, Map<string, string[]>>()
let emulator: Emulator
let proxy: ChangingProxy

beforeAll(async () => {
  emulator = await startEmulator()
  proxy = await changingProxy(emulator.url)
})
afterAll(async () => {
  await proxy.close()
  await emulator.close()
})

/** Sends through a client and the proxy. Returns the explanation, or `undefined` if the gateway accepted the request. */
async function sentThrough(
  client: string,
  { name, sent, options = {}, change }: Mutation,
  isKnown = true,
): Promise<Explanation | undefined> {
  const send = CLIENTS[client]
  if (send === undefined) throw new Error(`There is no client ${client}.`)
  const random = randomOf(`${client}: ${name}`)
  const [, answer = (body: string) => body] = pick(Object.entries(ANSWER_FORMS), random)
  proxy.use({ request: (request) => change(request, random), answer })
  const auth = signing(options)
  const refusal = await send(`${proxy.url}${sent.path}`, sent, auth)
  const { credentials } = emulator.accounts.partner.user
  emulator.faults.unlock(credentials)
  auth.reset()
  if (refusal === undefined) {
    note(name, "accepted", client)
    return undefined
  }
  const explanation = await explain(refusal, isKnown ? { auth } : {})
  if (isKnown) note(name, `${explanation.cause}, ${explanation.where}`, client)
  expect(shown(explanation)).not.toContain(credentials.secretAccessKey)
  return explanation
}

function note(name: string, called: string, client: string): void {
  const calls = named.get(name) ?? new Map<string, string[]>()
  calls.set(called, [...new Set([...(calls.get(called) ?? []), client])])
  named.set(name, calls)
}

function signing(options: AkskAuthOptions) {
  return explainable(akskAuth(emulator.accounts.partner.user.credentials, options))
}

describe.each(clients)("through %s", (client) => {
  it.each(MUTATIONS)("$cause is named: $name", async (mutation) => {
    const explanation = await sentThrough(client, mutation)
    const { cause, where } = mutation
    expect(explanation, String(explanation)).toMatchObject({ cause, where, confidence: "certain", locks: "access-key" })
  })

  it.each(MUTATIONS)("no change is named wrongly if only a part of the request is known: $name", async (mutation) => {
    const explanation = await sentThrough(client, mutation, false)
    expect([mutation.cause, "signature-mismatch"], String(explanation)).toContain(explanation?.cause)
  })

  it.each(UNNAMED)("a change without a name is an unknown difference, with its lines: $name", async (mutation) => {
    const explanation = await sentThrough(client, mutation)
    expect(explanation, String(explanation)).toMatchObject({ cause: "unknown-difference" })
    expect(explanation?.comparison.filter(({ verdict }) => verdict === "different")).toHaveLength(1)
  })

  it.each(HARMLESS)("the gateway accepts it: $name", async (mutation) => {
    expect(await sentThrough(client, mutation)).toBeUndefined()
  })
})

it("there are at least 60 changes with different names", () => {
  const names = [...MUTATIONS, ...UNNAMED, ...HARMLESS].map(({ name }) => name)
  expect(MUTATIONS.length).toBeGreaterThanOrEqual(60)
  expect(new Set(names).size).toBe(names.length)
})

it("docs/troubleshooting.md matches the table and this run (else: npm run troubleshooting)", async () => {
  const changes = [...MUTATIONS, ...UNNAMED, ...HARMLESS].map(({ name }) => ({
    name,
    named: named.get(name) ?? new Map(),
  }))
  const page = troubleshootingPage(changes, clients)
  await expect(page).toMatchFileSnapshot(join(workspace, "docs/troubleshooting.md"))
})
