import { type Auth, agencyCredentials, akskAuth, passwordToken, TokenCache, tokenAuth } from "@countersign/auth-core"
import { authenticatedFetch, createHostGuard } from "@countersign/auth-core/adapter"
import { type FakeClock, fakeClock } from "@countersign/testkit"
import { describe, expect, it } from "vitest"
import type { Emulator } from "../src/index.ts"
import { HOUR, MINUTE, runningEmulator } from "./running-emulator.ts"

type NewAuth = (emulator: Emulator, clock: FakeClock) => Auth

function partnerToken({ url, accounts }: Emulator, clock: FakeClock): ReturnType<typeof passwordToken> {
  const { user, domain } = accounts.partner
  return passwordToken({
    iamEndpoint: url,
    user: user.name,
    password: user.password,
    domain: domain.name,
    scope: { domain: domain.name },
    clock,
  })
}

const byToken: NewAuth = (emulator, clock) => tokenAuth(partnerToken(emulator, clock), { clock })

const byTemporaryKey: NewAuth = (emulator, clock) => {
  const { url, accounts } = emulator
  const [customer] = accounts.customers
  const via = partnerToken(emulator, clock)
  const options = { iamEndpoint: url, agency: customer.agency.name, domain: customer.domain.name, clock }
  return akskAuth(agencyCredentials({ via, ...options, durationSeconds: 900 }), {
    clock,
    cache: new TokenCache({ clock }),
  })
}

const guard = createHostGuard({ hosts: ["127.0.0.1"] })

/** Sends ten concurrent requests. Returns their statuses and the number of attempts. */
async function tenAtOnce(emulator: Emulator, auth: Auth): Promise<{ statuses: number[]; attempts: number }> {
  let attempts = 0
  const counted: typeof fetch = (...request) => {
    attempts += 1
    return fetch(...request)
  }
  const one = async (): Promise<number> => {
    const url = `${emulator.url}/v1/echo`
    const response = await authenticatedFetch(() => auth, url, {}, { key: "auth", fetch: counted, guard })
    await response.body?.cancel()
    return response.status
  }
  const statuses = await Promise.all(Array.from({ length: 10 }, one))
  return { statuses, attempts }
}

const allFine = Array.from({ length: 10 }, () => 200)

describe.each([
  ["tokens of 24 hours", byToken, 25 * HOUR],
  ["temporary keys of 15 minutes", byTemporaryKey, 40 * MINUTE],
])("ten requests at once, with %s", (_, newAuth, jumpMs) => {
  it.each([
    { title: "the server's clock jumps ahead", serverMs: jumpMs, machineMs: 0 },
    { title: "the server's clock jumps back", serverMs: -jumpMs, machineMs: 0 },
    { title: "the machine's clock jumps ahead", serverMs: 0, machineMs: jumpMs },
    { title: "the machine's clock jumps back", serverMs: 0, machineMs: -jumpMs },
    { title: "the machine slept", serverMs: jumpMs, machineMs: jumpMs },
  ])("all succeed within one round trip when $title", async ({ serverMs, machineMs }) => {
    const emulator = await runningEmulator()
    const clock = fakeClock()
    const start = clock.now()
    emulator.setClock(() => start + clock.monotonic())
    const auth = newAuth(emulator, clock)
    expect(await tenAtOnce(emulator, auth)).toEqual({ statuses: allFine, attempts: 10 })
    emulator.setClock(() => start + clock.monotonic() + serverMs)
    clock.jump(machineMs)
    const { statuses, attempts } = await tenAtOnce(emulator, auth)
    expect(statuses).toEqual(allFine)
    expect(attempts).toBeLessThanOrEqual(20)
    expect(await tenAtOnce(emulator, auth)).toEqual({ statuses: allFine, attempts: 10 })
  })
})
