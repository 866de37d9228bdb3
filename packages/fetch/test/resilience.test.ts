// Whole requests, from a client's call to IAM and the gateway and back, during failures.

import { type Emulator, startEmulator } from "@countersign/emulator"
import { fakeClock } from "@countersign/testkit"
import { afterEach, beforeEach, describe, expect, it } from "vitest"
import {
  akskAuth,
  type CacheEvent,
  createFetch,
  isAuthError,
  type PasswordTokenOptions,
  partner,
  passwordToken,
  TokenCache,
  tokenAuth,
} from "../src/index.ts"

const MINUTE = 60_000
const HOUR = 60 * MINUTE

let emulator: Emulator
beforeEach(async () => {
  emulator = await startEmulator()
})
afterEach(() => emulator.close())

function login(options: Partial<PasswordTokenOptions> = {}): PasswordTokenOptions {
  const { domain, user } = emulator.accounts.partner
  return {
    iamEndpoint: emulator.url,
    user: user.name,
    password: user.password,
    domain: domain.name,
    scope: { domain: domain.name },
    ...options,
  }
}

function client(auth: Parameters<typeof createFetch>[0]): (path?: string) => Promise<number> {
  const authenticated = createFetch(auth, { hosts: [new URL(emulator.url).host] })
  return async (path = "/v1/things") => (await authenticated(emulator.url + path)).status
}

async function codeOf(work: Promise<unknown>): Promise<string> {
  const error: unknown = await work.then(
    () => "no error",
    (caught: unknown) => caught,
  )
  return isAuthError(error) ? error.code : String(error)
}

describe("IAM goes down", () => {
  it("while a token is valid: no request fails before the token's end", async () => {
    const clock = fakeClock(Date.now())
    emulator.setClock(() => clock.now())
    const call = client(tokenAuth(passwordToken(login({ clock })), { cache: new TokenCache({ clock }), clock }))
    expect(await call()).toBe(200)
    emulator.faults.status(503, { target: "iam" })
    const statuses = new Set<number>()
    for (let hour = 0; hour < 23; hour++) {
      await clock.advance(HOUR)
      statuses.add(await call())
    }
    expect([...statuses]).toEqual([200])
  })

  it("without a token: each caller gets the same typed error, and recovers within one back-off step", async () => {
    const clock = fakeClock(Date.now())
    emulator.setClock(() => clock.now())
    emulator.faults.dropConnection({ target: "iam", times: 1 })
    const call = client(tokenAuth(passwordToken(login({ clock })), { cache: new TokenCache({ clock }), clock }))
    const codes = await Promise.all(Array.from({ length: 50 }, () => codeOf(call())))
    expect(new Set(codes)).toEqual(new Set(["AUTH_TOKEN_REQUEST_FAILED"]))
    expect(emulator.stats.iamCalls).toBe(1)
    expect(emulator.stats.requests).toEqual([])
    await clock.advance(1_200)
    expect(await call()).toBe(200)
  })

  it("with a Retry-After: IAM gets no call for that time", async () => {
    const clock = fakeClock(Date.now())
    emulator.setClock(() => clock.now())
    emulator.faults.status(429, { target: "iam", times: 1, retryAfterSeconds: 60 })
    const call = client(tokenAuth(passwordToken(login({ clock })), { cache: new TokenCache({ clock }), clock }))
    expect(await codeOf(call())).toBe("AUTH_THROTTLED")
    await clock.advance(55_000)
    expect(await codeOf(call())).toBe("AUTH_THROTTLED")
    expect(emulator.stats.iamCalls).toBe(1)
    await clock.advance(20_000)
    expect(await call()).toBe(200)
  })
})

describe("a token is revoked", () => {
  it("during 200 concurrent requests: one refresh, 200 successes", async () => {
    const call = client(tokenAuth(passwordToken(login())))
    await call()
    emulator.faults.revokeToken()
    const statuses = await Promise.all(Array.from({ length: 200 }, () => call()))
    expect(new Set(statuses)).toEqual(new Set([200]))
    expect(emulator.stats.calls["POST /v3/auth/tokens"]).toBe(2)
  }, 20_000)
})

describe("a password is changed", () => {
  it("the refused identity backs off and never locks the account, and others go on", async () => {
    const clock = fakeClock(Date.now())
    emulator.setClock(() => clock.now())
    const events: CacheEvent[] = []
    const cache = new TokenCache({ clock, onEvent: (event) => void events.push(event) })
    const { user, plainUser } = emulator.accounts.partner
    const refused = client(tokenAuth(passwordToken(login({ clock })), { cache, clock }))
    const other = client(
      tokenAuth(passwordToken(login({ clock, user: plainUser.name, password: plainUser.password })), { cache, clock }),
    )
    emulator.faults.changePassword(user, "another-password-2!")
    for (let minute = 0; minute < 60; minute++) {
      expect(await codeOf(refused())).toBe("AUTH_CREDENTIALS_REJECTED")
      expect(await other()).toBe(200)
      await clock.advance(MINUTE)
    }
    expect(emulator.stats.calls["POST /v3/auth/tokens"]).toBeLessThanOrEqual(1 + 4)
    expect(events.filter(({ type }) => type === "backed-off").length).toBeGreaterThan(50)
    const renewed = client(tokenAuth(passwordToken(login({ clock, password: "another-password-2!" })), { clock }))
    expect(await renewed()).toBe(200)
  }, 20_000)

  it("a password function is called again, and a corrected password is tried at once", async () => {
    let password = "wrong"
    const call = client(tokenAuth(passwordToken(login({ password: () => password }))))
    expect(await codeOf(call())).toBe("AUTH_CREDENTIALS_REJECTED")
    expect(await codeOf(call())).toBe("AUTH_CREDENTIALS_REJECTED")
    expect(emulator.stats.calls["POST /v3/auth/tokens"]).toBe(1)
    password = emulator.accounts.partner.user.password
    expect(await call()).toBe(200)
  })

  it("back to the program's password: the back-off can be reset", async () => {
    const cache = new TokenCache()
    const provider = passwordToken(login({ password: "another" }))
    const call = client(tokenAuth(provider, { cache }))
    expect(await codeOf(call())).toBe("AUTH_CREDENTIALS_REJECTED")
    emulator.faults.changePassword(emulator.accounts.partner.user, "another")
    expect(await codeOf(call())).toBe("AUTH_CREDENTIALS_REJECTED")
    await cache.resetBackoff(provider)
    expect(await call()).toBe(200)
  })
})

describe("the clock is 20 minutes off", () => {
  it.each([20, -20])(
    "by %d minutes: one replay, then no more failures, and the offset is reported",
    async (minutes) => {
      emulator.faults.clockOffset(minutes * MINUTE)
      const offsets: { origin: string; offsetMs: number }[] = []
      const auth = akskAuth(emulator.accounts.partner.user.credentials, {
        onClockOffset: (offset) => offsets.push(offset),
      })
      const call = client(auth)
      expect(await call()).toBe(200)
      const statuses = await Promise.all(Array.from({ length: 20 }, () => call()))
      expect(new Set(statuses)).toEqual(new Set([200]))
      expect(emulator.stats.requests).toHaveLength(22)
      expect(offsets.map(({ origin }) => origin)).toEqual([emulator.url])
      expect(Math.abs((offsets[0]?.offsetMs ?? 0) - minutes * MINUTE)).toBeLessThan(5_000)
    },
  )

  it("tokens are served for their whole lifetime", async () => {
    for (const minutes of [20, -20]) {
      emulator.faults.clockOffset(minutes * MINUTE)
      const call = client(tokenAuth(passwordToken(login())))
      expect([await call(), await call()]).toEqual([200, 200])
    }
    expect(emulator.stats.calls["POST /v3/auth/tokens"]).toBe(2)
  })
})

describe("a key is rotated", () => {
  it("credentials of a provider are renewed once, and every request succeeds", async () => {
    let key = { ...emulator.accounts.partner.user.credentials }
    const call = client(akskAuth(async () => ({ ...key })))
    await call()
    key = { ...emulator.faults.rotateKey(key.accessKeyId) }
    const statuses = await Promise.all(Array.from({ length: 20 }, () => call()))
    expect(new Set(statuses)).toEqual(new Set([200]))
  })
})

describe("a partner serves its customers", () => {
  it("each with its own token through one client, and the partner's token is fetched once", async () => {
    const { domain, user } = emulator.accounts.partner
    const own = partner({ iamEndpoint: emulator.url, user: user.name, password: user.password, domain: domain.name })
    const cache = new TokenCache()
    const authenticated = createFetch(tokenAuth(own.token, { cache }), { hosts: [new URL(emulator.url).host] })
    const callers = await Promise.all(
      Array.from({ length: 30 }, async (_, index) => {
        const { domain: of, agency } = emulator.accounts.customers[index % 3] as (typeof emulator.accounts.customers)[0]
        const auth = tokenAuth(own.customerToken({ domain: of.name, agency: agency.name }), { cache })
        const answer = (await (await authenticated(`${emulator.url}/v1/who`, { auth })).json()) as {
          caller: { domain: string }
        }
        return answer.caller.domain === of.name
      }),
    )
    expect(callers).not.toContain(false)
    expect(emulator.stats.calls["POST /v3/auth/tokens"]).toBe(1 + 3)
  })

  it("with temporary keys through an agency, signed", async () => {
    const { domain, user } = emulator.accounts.partner
    const [customer] = emulator.accounts.customers
    const own = partner({ iamEndpoint: emulator.url, user: user.name, password: user.password, domain: domain.name })
    const keys = own.customerCredentials({ domain: customer.domain.name, agency: customer.agency.name })
    expect(await client(akskAuth(keys))("/v2/accounts/customer-accounts/balances")).toBe(200)
    expect(emulator.stats.requests[0]?.headers["x-security-token"]).toBeDefined()
  })
})
