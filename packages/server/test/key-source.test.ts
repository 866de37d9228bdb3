import { setTimeout as sleep } from "node:timers/promises"
import { describe, expect, it } from "vitest"
import { createVerifier, type Keys } from "../src/index.ts"
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
