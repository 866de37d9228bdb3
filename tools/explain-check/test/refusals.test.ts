import {
  agencyToken,
  akskAuth,
  type Credentials,
  passwordToken,
  staticCredentials,
  type TokenProvider,
  tokenAuth,
} from "@countersign/auth-core"
import { type Cause, type Explanation, explain, explainable } from "@countersign/auth-core/explain"
import { type Emulator, startEmulator, type User } from "@countersign/emulator"
import { shown } from "@countersign/testkit"
import { afterEach, beforeEach, describe, expect, it } from "vitest"
import { changingProxy } from "../src/changing-proxy.ts"
import { CLIENTS, type Send } from "../src/clients.ts"

let emulator: Emulator
beforeEach(async () => {
  emulator = await startEmulator()
})
afterEach(() => emulator.close())

const sent = { method: "GET", path: "/v1/orders" } as const

/** Logins and agencies that IAM refuses, and the cause of each. */
const LOGINS: Readonly<Record<string, { cause: Cause; token: (emulator: Emulator) => TokenProvider }>> = {
  "a wrong password": { cause: "password-wrong", token: (world) => login(world, world.accounts.partner.user, "wrong") },
  "a locked user": {
    cause: "account-locked",
    token: (world) => {
      world.faults.lock(world.accounts.partner.user)
      return login(world, world.accounts.partner.user)
    },
  },
  "a user with a virtual MFA device": {
    cause: "mfa-required",
    token: (world) => login(world, world.accounts.partner.mfaUser),
  },
  "a user of the console": {
    cause: "console-only-user",
    token: (world) => login(world, world.accounts.partner.consoleOnlyUser),
  },
  "a disabled user": { cause: "user-disabled", token: (world) => login(world, world.accounts.partner.disabledUser) },
  "a project that does not exist": {
    cause: "project-missing",
    token: (world) => login(world, world.accounts.partner.user, undefined, { project: "nowhere" }),
  },
  "an agency that does not exist": { cause: "agency-not-granted", token: (world) => agency(world, "no-such-agency") },
  "an agency that trusts another account": {
    cause: "agency-not-granted",
    token: (world) => agency(world, world.accounts.customers[0].foreignAgency.name),
  },
  "a user without Agent Operator": {
    cause: "agency-not-granted",
    token: (world) => agency(world, world.accounts.customers[0].agency.name, world.accounts.partner.plainUser),
  },
  "an account that does not exist": {
    cause: "domain-missing",
    token: (world) => agency(world, "partner-agency", world.accounts.partner.user, "no-such-account"),
  },
}

function login(world: Emulator, user: User, password = user.password, scope?: { project: string }): TokenProvider {
  const domain = world.accounts.partner.domain.name
  return passwordToken({ iamEndpoint: world.url, user: user.name, password, domain, scope: scope ?? { domain } })
}

function agency(
  world: Emulator,
  name: string,
  user = world.accounts.partner.user,
  domain = world.accounts.customers[0].domain.name,
): TokenProvider {
  return agencyToken({ via: login(world, user), agency: name, domain })
}

describe.each(Object.entries(CLIENTS))("through %s", (_, send) => {
  it.each(Object.entries(LOGINS))("IAM refuses %s", async (_name, { cause, token }) => {
    const error = await send(emulator.url + sent.path, sent, tokenAuth(token(emulator))).catch(
      (thrown: unknown) => thrown,
    )
    const explanation = await explain(error)
    expect(explanation, String(explanation)).toMatchObject({ cause })
    expect(shown(explanation)).not.toContain(emulator.accounts.partner.user.password)
  })

  it("the gateway does not know a rotated key", async () => {
    const key = { ...emulator.accounts.partner.user.credentials }
    emulator.faults.rotateKey(key.accessKeyId)
    expect((await refusedKey(send, key)).cause).toBe("access-key-unknown")
  })

  it("the gateway locked a key", async () => {
    const key = emulator.accounts.partner.user.credentials
    emulator.faults.lock(key)
    const explanation = await refusedKey(send, key)
    expect(explanation).toMatchObject({ cause: "access-key-locked", retryAfterMs: 300_000, locks: "access-key" })
    expect(Math.abs((explanation.lockedUntil ?? 0) - Date.now() - 300_000)).toBeLessThan(60_000)
  })

  it("the secret key is that of another access key", async () => {
    const { partner, customers } = emulator.accounts
    const { secretAccessKey } = customers[0].user.credentials
    const key = { ...partner.user.credentials, secretAccessKey }
    expect(await refusedKey(send, key)).toMatchObject({ cause: "wrong-secret-key", confidence: "likely" })
    expect(await refusedKey(send, key, key)).toMatchObject({ cause: "wrong-secret-key", confidence: "certain" })
  })

  it("the clock of the server jumps back and forth", async () => {
    let offsetMs = 3_600_000
    const proxy = await changingProxy(emulator.url)
    proxy.use({
      request(request) {
        // The offset changes between the first attempt and its replay.
        emulator.faults.clockOffset(offsetMs)
        offsetMs = -offsetMs
        return request
      },
      answer: (body) => body,
    })
    const explanation = await refusedKey(send, emulator.accounts.partner.user.credentials, undefined, proxy.url)
    await proxy.close()
    expect(explanation).toMatchObject({ cause: "clock-skew", where: "clock", retryable: true, confidence: "certain" })
    expect(explanation.evidence[0]).toMatch(
      /^This machine's clock is (?:59 min 5\d s|1 h(?: \d s)?) ahead of the server's\.$/,
    )
  })

  it("a user is disabled after the token was accepted", async () => {
    const auth = tokenAuth(login(emulator, emulator.accounts.partner.user), { cache: { backoff: false } })
    expect(await send(emulator.url + sent.path, sent, auth)).toBeUndefined()
    emulator.faults.disableUser(emulator.accounts.partner.user)
    const error = await send(emulator.url + sent.path, sent, auth).catch((thrown: unknown) => thrown)
    expect(await explain(error)).toMatchObject({ cause: "user-disabled" })
  })

  it("the service throttles", async () => {
    emulator.faults.status(429, { retryAfterSeconds: 7 })
    const explanation = await refusedKey(send, emulator.accounts.partner.user.credentials)
    expect(explanation).toMatchObject({ cause: "throttled", retryable: true, retryAfterMs: 7_000 })
  })
})

async function refusedKey(
  send: Send,
  key: Credentials,
  credentials?: Credentials,
  url = emulator.url,
): Promise<Explanation> {
  const auth = explainable(akskAuth(staticCredentials({ ...key })))
  const refusal = await send(url + sent.path, sent, auth)
  auth.reset()
  expect(refusal).toBeDefined()
  return explain(refusal, { auth, ...(credentials && { credentials }) })
}
