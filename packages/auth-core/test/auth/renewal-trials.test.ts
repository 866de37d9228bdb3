import { type FakeClock, fakeClock } from "@countersign/testkit"
import { expect, it } from "vitest"
import type { Attempt, Auth } from "../../src/auth/auth.ts"
import { tokenAuth } from "../../src/auth/token-auth.ts"
import { TokenCache } from "../../src/cache/token-cache.ts"
import type { TokenProvider } from "../../src/identity/provider.ts"

const HOUR = 3_600_000
const BAD = "https://bad.example"
const GOOD = "https://good.example"

interface Issuer {
  readonly clock: FakeClock
  readonly provider: TokenProvider
  /** The number of tokens it has issued. */
  calls(): number
  /** The valid token: the last one unless revoked. */
  live: string
}

function issuer(): Issuer {
  const clock = fakeClock()
  let calls = 0
  const self: Issuer = {
    clock,
    live: "",
    calls: () => calls,
    provider: Object.assign(
      async () => {
        calls += 1
        self.live = `token-${calls}`
        return { value: self.live, issuedAt: clock.now(), expiresAt: clock.now() + 24 * HOUR }
      },
      { identityKey: "issuer" },
    ),
  }
  return self
}

/** One request as the engine sends it: an attempt, and one replay if the auth asks for it. */
async function send(auth: Auth, url: string, accepts: (token: string) => boolean, canReplay = true): Promise<number> {
  const attempt: Attempt = { method: "GET", url, headers: {}, body: null }
  for (const replayed of [false, true]) {
    const authentication = await auth.authenticate(attempt)
    if (accepts(authentication.headers["x-auth-token"] ?? "")) {
      auth.accepted?.(authentication, new URL(url))
      return 200
    }
    const rejection = { status: 401, origin: new URL(url).origin, replayed }
    if (!(await auth.judge(authentication, rejection)) || !canReplay) return 401
  }
  return 401
}

const never = (): boolean => false

it.each([
  ["one auth", (auth: Auth) => () => auth, true],
  ["one auth, and bodies that cannot be sent again", (auth: Auth) => () => auth, false],
  ["an auth made for each request", (_: Auth, newAuth: () => Auth) => newAuth, true],
] as const)("a service that refuses every token makes few renewals: %s", async (_, authFor, canReplay) => {
  const iam = issuer()
  const cache = new TokenCache({ clock: iam.clock })
  const newAuth = (): Auth => tokenAuth(iam.provider, { clock: iam.clock, cache })
  const next = authFor(newAuth(), newAuth)
  for (let second = 0; second < 600; second++) {
    await Promise.all([1, 2, 3].map(() => send(next(), BAD, never, canReplay)))
    await iam.clock.advance(1_000)
  }
  expect(iam.calls()).toBeLessThan(20)
})

it("two services that refuse every token cause few renewals together", async () => {
  const iam = issuer()
  const auth = tokenAuth(iam.provider, { clock: iam.clock })
  for (let second = 0; second < 600; second++) {
    await Promise.all([send(auth, BAD, never), send(auth, "https://worse.example", never)])
    await send(auth, BAD, never, false)
    await send(auth, "https://worse.example", never, false)
    await iam.clock.advance(1_000)
  }
  expect(iam.calls()).toBeLessThan(40)
})

it("a service that refuses every token does not stop renewals for other services", async () => {
  const iam = issuer()
  const auth = tokenAuth(iam.provider, { clock: iam.clock })
  const isLive = (token: string): boolean => token === iam.live
  for (let request = 0; request < 100; request++) {
    await Promise.all(Array.from({ length: 10 }, () => send(auth, BAD, never)))
    iam.live = "revoked"
    expect(await send(auth, GOOD, isLive)).toBe(200)
  }
})

it("one path that refuses every token causes few renewals", async () => {
  const iam = issuer()
  const auth = tokenAuth(iam.provider, { clock: iam.clock })
  const isLive = (token: string): boolean => token === iam.live
  for (let second = 0; second < 600; second++) {
    await send(auth, `${BAD}/forbidden`, never)
    expect(await send(auth, `${BAD}/fine`, isLive)).toBe(200)
    await iam.clock.advance(1_000)
  }
  expect(iam.calls()).toBeLessThan(30)
})

it("ten replays that are refused with the same new token count once", async () => {
  const iam = issuer()
  const auth = tokenAuth(iam.provider, { clock: iam.clock })
  for (let round = 0; round < 2; round++) await Promise.all(Array.from({ length: 10 }, () => send(auth, BAD, never)))
  expect(iam.calls()).toBe(3)
  await iam.clock.advance(1_000)
  expect(await send(auth, BAD, (token) => token === "token-4")).toBe(200)
})

it("replays that are refused after another revocation do not stop renewals", async () => {
  const iam = issuer()
  const auth = tokenAuth(iam.provider, { clock: iam.clock })
  const isLive = (token: string): boolean => token === iam.live
  expect(await send(auth, GOOD, isLive)).toBe(200)
  for (let revocation = 0; revocation < 20; revocation++) {
    iam.live = "revoked"
    // The first replay succeeds. Later ones come too late.
    expect(await send(auth, GOOD, isLive)).toBe(200)
    const late = await auth.authenticate({ method: "GET", url: GOOD, headers: {}, body: null })
    if (revocation % 2 === 0) {
      iam.live = "revoked"
      expect(await auth.judge(late, { status: 401, origin: GOOD, replayed: true })).toBe(false)
    }
    expect(await send(auth, GOOD, isLive)).toBe(200)
  }
})

it("an hour after failed renewals the next one starts at once", async () => {
  const iam = issuer()
  const auth = tokenAuth(iam.provider, { clock: iam.clock })
  for (let request = 0; request < 50; request++) {
    await send(auth, BAD, never)
    await iam.clock.advance(1_000)
  }
  await iam.clock.advance(HOUR)
  iam.live = "revoked"
  expect(await send(auth, BAD, (token) => token === iam.live)).toBe(200)
})

const judged = async (auth: Auth, origin: string, errorCode: string, replayed: boolean): Promise<unknown> => {
  const attempt: Attempt = { method: "GET", url: `${origin}/`, headers: {}, body: null }
  return auth.judge(await auth.authenticate(attempt), { status: 401, origin, errorCode, replayed })
}

it("`The token must be updated` of a new token renews nothing: the endpoint belongs to another region", async () => {
  const iam = issuer()
  const auth = tokenAuth(iam.provider, { clock: iam.clock })
  expect(await judged(auth, BAD, "APIGW.0307", false)).toBe("credential-renewed")
  expect(await judged(auth, BAD, "APIGW.0307", true)).toBe(false)
  for (let second = 0; second < 50; second++) {
    expect(await judged(auth, BAD, "APIGW.0307", false)).toBe(false)
    await iam.clock.advance(1_000)
  }
  expect(iam.calls()).toBe(2)
})

it("`The token must be updated` renews a new token that has worked, and one that another endpoint refuses", async () => {
  const iam = issuer()
  const auth = tokenAuth(iam.provider, { clock: iam.clock })
  expect(await send(auth, BAD, (token) => token === "token-2")).toBe(200)
  await iam.clock.advance(1_000)
  expect(await judged(auth, BAD, "APIG.0307", false)).toBe("credential-renewed")
  expect(await judged(auth, GOOD, "APIG.0307", false)).toBe("credential-renewed")
  expect(iam.calls()).toBe(4)
})

it("a 401 that is about no credential renews nothing", async () => {
  const iam = issuer()
  const auth = tokenAuth(iam.provider, { clock: iam.clock })
  expect(await judged(auth, GOOD, "FSS.0401", false)).toBe(false)
  expect(iam.calls()).toBe(1)
  expect(await judged(auth, GOOD, "FSS.0402", false)).toBe("credential-renewed")
})
