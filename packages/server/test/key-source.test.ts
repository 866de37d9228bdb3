import { setTimeout as sleep } from "node:timers/promises"
import { describe, expect, it } from "vitest"
import { createVerifier, type Keys, type VerifierOptions } from "../src/index.ts"
import { credentials, date, now, signed } from "./signed-request.ts"

describe("keys", () => {
  it("rotate: each of several secrets signs", () => {
    const keys: Keys = () => ({ secretAccessKey: ["skNew", credentials.secretAccessKey] })
    const verifier = createVerifier({ keys, now })
    const withSecret = (secretAccessKey: string) => signed({}, {}, { ...credentials, secretAccessKey })
    expect(verifier.verify(withSecret("skNew"))).toMatchObject({ ok: true })
    expect(verifier.verify(withSecret("skExample"))).toMatchObject({ ok: true })
    expect(verifier.verify(withSecret("skOld"))).toMatchObject({ code: "SIGNATURE_MISMATCH" })
  })

  it("are asked for again when their time is over, and a revoked one is refused then", () => {
    let time = date.getTime()
    let current: string | undefined = "skExample"
    let questions = 0
    const keys: Keys = () => {
      questions++
      return current === undefined ? undefined : { secretAccessKey: current }
    }
    const verifier = createVerifier({ keys, now: () => time, keyCache: { ttlMs: 1_000, absentTtlMs: 500 } })
    const verdicts = [verifier.verify(signed()), verifier.verify(signed())]
    current = undefined
    time += 999
    verdicts.push(verifier.verify(signed()))
    expect(verdicts).toMatchObject([{ ok: true }, { ok: true }, { ok: true }])
    expect(questions).toBe(1)
    time += 1
    expect(verifier.verify(signed())).toMatchObject({ code: "ACCESS_KEY_UNKNOWN" })
    current = "skExample"
    expect(verifier.verify(signed())).toMatchObject({ code: "ACCESS_KEY_UNKNOWN" })
    expect(questions).toBe(2)
    time += 500
    expect(verifier.verify(signed())).toMatchObject({ ok: true })
    expect(questions).toBe(3)
  })

  it("are asked for once at a time, then answer without a promise", async () => {
    let questions = 0
    const keys: Keys = async () => {
      questions++
      await sleep(5)
      return credentials
    }
    const verifier = createVerifier({ keys, now })
    const verdicts = await Promise.all(Array.from({ length: 1_000 }, () => verifier.verify(signed())))
    expect(verdicts.every(({ ok }) => ok)).toBe(true)
    expect(questions).toBe(1)
    expect(verifier.verify(signed())).toMatchObject({ ok: true })
  })

  it("are waited for without a limit where it is longer than a timer can be", async () => {
    const keys: Keys = async () => {
      await sleep(20)
      return credentials
    }
    const verifier = createVerifier({ keys, now, keyCache: { timeoutMs: 2 ** 31 } })
    expect(await verifier.verify(signed())).toMatchObject({ ok: true })
  })

  it("that are invented drive out no real one, and fill no memory", () => {
    const asked: string[] = []
    const keys: Keys = (accessKeyId) => {
      asked.push(accessKeyId)
      return accessKeyId === credentials.accessKeyId ? credentials : undefined
    }
    const verifier = createVerifier({ keys, now, keyCache: { maxEntries: 10 } })
    const invented = (accessKeyId: string) => verifier.verify(signed({}, {}, { ...credentials, accessKeyId }))
    expect(verifier.verify(signed())).toMatchObject({ ok: true })
    for (let index = 0; index < 100; index++) expect(invented(`AK${index}`)).toMatchObject({ ok: false })
    expect(verifier.verify(signed())).toMatchObject({ ok: true })
    expect(asked.filter((one) => one === credentials.accessKeyId)).toHaveLength(1)
    for (const id of ["AK99", "AK0"]) expect(invented(id)).toMatchObject({ code: "ACCESS_KEY_UNKNOWN" })
    expect(asked).toHaveLength(102)
    expect(invented("A".repeat(129))).toMatchObject({ code: "SIGNATURE_MALFORMED" })
    expect(asked).toHaveLength(102)
  })

  it("of a temporary key need its security token, signed", () => {
    const temporary = { ...credentials, securityToken: "token" }
    const verifier = createVerifier({ keys: () => temporary, now })
    expect(verifier.verify(signed({}, {}, temporary))).toMatchObject({ ok: true })
    expect(verifier.verify(signed())).toMatchObject({ code: "SECURITY_TOKEN_INVALID" })
  })

  it("that end at a time in seconds are refused with a hint", () => {
    const expiresAt = Math.round(date.getTime() / 1_000) + 3_600
    const verifier = createVerifier({ keys: () => ({ ...credentials, expiresAt }), now })
    expect(verifier.verify(signed())).toMatchObject({
      code: "ACCESS_KEY_EXPIRED",
      cause: new Error(`\`expiresAt\` must be epoch milliseconds, and ${expiresAt} looks like seconds.`),
    })
  })

  const failing: [string, Keys][] = [
    [
      "throws",
      () => {
        throw new Error("down")
      },
    ],
    ["rejects", async () => Promise.reject(new Error("down"))],
    ["takes too long", () => new Promise(() => {})],
    ["gives an empty secret", () => ({ secretAccessKey: "" })],
    ["gives no secrets", () => ({ secretAccessKey: [] })],
    ["gives null among its secrets", () => ({ secretAccessKey: ["skExample", null as never] })],
    ["gives a key without a secret", async () => ({}) as never],
    ["gives a text", () => "skExample" as never],
    ["gives an empty security token", () => ({ ...credentials, securityToken: "" })],
  ]
  it.each(failing)(
    "are refused with 503 if the source %s, and asked for again by the next request",
    async (_, keys) => {
      let source = keys
      const verifier = createVerifier({ keys: (id) => source(id), now, keyCache: { timeoutMs: 20 } })
      expect(await verifier.verify(signed())).toMatchObject({
        ok: false,
        code: "KEY_SOURCE_FAILED",
        status: 503,
        cause: expect.any(Error),
      })
      source = () => credentials
      expect(await verifier.verify(signed())).toMatchObject({ ok: true })
    },
  )

  it("that have expired are not used while the source is down", () => {
    let time = date.getTime()
    let isDown = false
    const keys: Keys = () => {
      if (isDown) throw new Error("down")
      return credentials
    }
    const verifier = createVerifier({ keys, now: () => time })
    expect(verifier.verify(signed())).toMatchObject({ ok: true })
    isDown = true
    time += 60_000
    expect(verifier.verify(signed())).toMatchObject({ code: "KEY_SOURCE_FAILED" })
  })
})

describe("a secret that was replaced while the earlier one is remembered", () => {
  const by = (secretAccessKey: string, part = {}) => signed(part, {}, { ...credentials, secretAccessKey })

  function service(more: Partial<VerifierOptions> = {}) {
    const state = {
      time: date.getTime(),
      questions: 0,
      secrets: ["old"] as readonly string[] | undefined,
      isDown: false,
    }
    const keys: Keys = async () => {
      state.questions++
      await sleep(5)
      if (state.isDown) throw new Error("down")
      return state.secrets && { secretAccessKey: state.secrets }
    }
    return { state, verifier: createVerifier({ keys, now: () => state.time, ...more }) }
  }

  it("is accepted at its first use, and locks no key", async () => {
    const { state, verifier } = service({ lockOut: true })
    expect(await verifier.verify(by("old"))).toMatchObject({ ok: true })
    state.secrets = ["new", "old"]
    const verdicts = await Promise.all(Array.from({ length: 20 }, () => verifier.verify(by("new"))))
    expect(verdicts.every(({ ok }) => ok)).toBe(true)
    expect(state.questions).toBe(2)
    expect(verifier.verify(by("old"))).toMatchObject({ ok: true })
    expect(verifier.verify(by("new"))).toMatchObject({ ok: true })
  })

  it("is accepted for a body that is read before, and for Basic credentials", async () => {
    const { state, verifier } = service({ basic: true })
    expect(await verifier.verify(by("old"))).toMatchObject({ ok: true })
    state.secrets = ["new"]
    const { headers, ...request } = by("new")
    const opened = await verifier.open({ ...request, headers })
    expect(opened.ok && (await opened.end("{}"))).toMatchObject({ ok: true })
    state.secrets = ["newer"]
    state.time += 10_000
    const authorization = `Basic ${btoa("AKEXAMPLE:newer")}`
    expect(await verifier.verify({ method: "GET", url: "http://a/", headers: { authorization } })).toMatchObject({
      ok: true,
    })
    expect(state.questions).toBe(3)
  })

  it("is asked for once within absentTtlMs, however many forge", async () => {
    const { state, verifier } = service({ keyCache: { absentTtlMs: 2_000 } })
    await verifier.verify(by("old"))
    for (let index = 0; index < 50; index++)
      expect(await verifier.verify(by(`forged${index}`))).toMatchObject({ code: "SIGNATURE_MISMATCH" })
    expect(state.questions).toBe(2)
    state.time += 2_000
    await Promise.all(Array.from({ length: 50 }, () => verifier.verify(by("forged"))))
    expect(state.questions).toBe(3)
  })

  it("is no failure of the key while the source is down, and the remembered one goes on", async () => {
    const { state, verifier } = service({ lockOut: { failures: 1 } })
    await verifier.verify(by("old"))
    state.isDown = true
    expect(await verifier.verify(by("new"))).toMatchObject({ code: "KEY_SOURCE_FAILED", status: 503 })
    expect(verifier.verify(by("old"))).toMatchObject({ ok: true })
  })

  it("ends a key that was revoked meanwhile", async () => {
    const { state, verifier } = service()
    await verifier.verify(by("old"))
    state.secrets = undefined
    expect(await verifier.verify(by("new"))).toMatchObject({ code: "ACCESS_KEY_UNKNOWN" })
    expect(verifier.verify(by("old"))).toMatchObject({ code: "ACCESS_KEY_UNKNOWN" })
  })
})
