import { setTimeout as pause } from "node:timers/promises"
import { withAuth as withAxiosAuth } from "@countersign/axios"
import { type Auth, createFetch, TokenCache, type TokenProvider, tokenAuth } from "@countersign/fetch"
import { withAuth as withGotAuth } from "@countersign/got"
import { withAuth as withKyAuth } from "@countersign/ky"
import { fakeClock, recordingServer } from "@countersign/testkit"
import { authInterceptor } from "@countersign/undici"
import axios from "axios"
import got from "got"
import ky from "ky"
import { Agent, request } from "undici"
import { expect, it, onTestFinished } from "vitest"

const REQUESTS = 9_000
const REVOCATIONS = 13
const CLIENTS = 5
const AT_A_TIME = 10
const IAM_MS = 50
const BETWEEN = Math.floor(REQUESTS / (REVOCATIONS + 1))

type Call = (path: string) => Promise<number>

/** A client of each kind, with its own auth. */
function clientsOf(url: string, newAuth: () => Auth): readonly Call[] {
  const options = { hosts: ["127.0.0.1"] }
  const viaAxios = withAxiosAuth(axios.create({ validateStatus: null }), newAuth(), options)
  const viaGot = withGotAuth(got.extend({ throwHttpErrors: false, retry: { limit: 0 } }), newAuth(), options)
  const viaKy = withKyAuth(ky.create({ throwHttpErrors: false, retry: 0 }), newAuth(), options)
  const viaFetch = createFetch(newAuth(), options)
  const dispatcher = new Agent().compose(authInterceptor(newAuth(), options))
  onTestFinished(() => dispatcher.close())
  return [
    async (path) => (await viaAxios.get(url + path)).status,
    async (path) => (await viaGot(url + path)).statusCode,
    async (path) => {
      const response = await viaKy(url + path)
      await response.text()
      return response.status
    },
    async (path) => {
      const response = await viaFetch(url + path)
      await response.text()
      return response.status
    },
    async (path) => {
      const { statusCode, body } = await request(url + path, { dispatcher })
      await body.dump()
      return statusCode
    },
  ]
}

/** A gateway that revokes the token at regular intervals, and an IAM that issues new ones. */
async function revokingCloud(): Promise<{ url: string; iamUrl: string; issued: () => number; revoked: () => number }> {
  let issued = 0
  let revoked = 0
  let served = 0
  let live = ""
  let held: Array<() => void> = []
  const nextRevocation = (): Promise<void> => new Promise((resolve) => held.push(resolve))
  const iam = await recordingServer(async () => {
    await pause(IAM_MS)
    issued += 1
    live = `token-${issued}`
    return { status: 201, body: JSON.stringify({ value: live }) }
  })
  onTestFinished(iam.close)
  const gateway = await recordingServer(async ({ target, headers }) => {
    served += 1
    if (served % BETWEEN === 0 && revoked < REVOCATIONS) {
      revoked += 1
      live = ""
      for (const release of held) release()
      held = []
    }
    // The gateway checks a request, and its replay, after the token has changed.
    if (target === "/slow" && revoked < REVOCATIONS) await nextRevocation()
    return { status: headers["x-auth-token"] === live ? 200 : 401, body: "{}" }
  })
  onTestFinished(gateway.close)
  return { url: gateway.url, iamUrl: iam.url, issued: () => issued, revoked: () => revoked }
}

it("five clients on one cache hide thirteen revocations from their callers", { timeout: 120_000 }, async () => {
  const cloud = await revokingCloud()
  // The clock stands still, so that a pause in renewals never ends on any machine.
  const clock = fakeClock()
  const cache = new TokenCache({ clock })
  const provider: TokenProvider = async () => {
    const answer = await fetch(cloud.iamUrl, { method: "POST" })
    const { value } = (await answer.json()) as { value: string }
    return { value, issuedAt: clock.now(), expiresAt: clock.now() + 86_400_000 }
  }
  const clients = clientsOf(cloud.url, () => tokenAuth(provider, { cache, clock }))
  const statuses: number[] = []
  let begun = 0
  const next = async (call: Call): Promise<void> => {
    begun += 1
    statuses.push(await call(begun % (3 * BETWEEN) === 0 ? "/slow" : "/"))
  }
  const several = async (call: Call): Promise<void> => {
    for (let left = REQUESTS / CLIENTS / AT_A_TIME; left > 0; left--) await next(call)
  }
  await Promise.all(clients.flatMap((call) => Array.from({ length: AT_A_TIME }, () => several(call))))
  expect(statuses).toHaveLength(REQUESTS)
  expect(cloud.revoked()).toBe(REVOCATIONS)
  expect(cloud.issued()).toBe(REVOCATIONS + 1)
  const refused = statuses.filter((status) => status !== 200)
  expect(refused.filter((status) => status !== 401)).toEqual([])
  // The requests whose first attempt and replay were each hit by a revocation.
  expect(refused.length).toBeGreaterThan(0)
  expect(refused.length).toBeLessThanOrEqual(20)
})
