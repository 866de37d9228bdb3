import { writeFile } from "node:fs/promises"
import { join } from "node:path"
import fc from "fast-check"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import {
  type Cloud,
  countersign,
  inTerminal,
  noTerminal,
  type Run,
  startCloud,
  temporaryFolder,
} from "./countersign.ts"

/** Letters, digits and what Base64 and keys have; long enough to occur nowhere by chance. */
const secret = fc.stringMatching(/^[A-Za-z0-9+/_-]{24,60}$/)

describe("secrets", { timeout: 120_000 }, () => {
  let cloud: Cloud
  beforeAll(async () => {
    cloud = await startCloud()
  })
  afterAll(() => cloud.emulator.close())

  const expectNone = ({ stdout, stderr }: Run, secrets: readonly string[]): void => {
    for (const text of [stdout, stderr]) {
      for (const each of secrets) {
        // Half of a secret is too much as well.
        expect(text).not.toContain(each.slice(0, 12))
        expect(text).not.toContain(each.slice(-12))
      }
    }
  }

  it("stay out of whoami, whatever is wrong with them", async () => {
    await fc.assert(
      fc.asyncProperty(secret, secret, fc.constantFrom("", " ", '"', "\u00e9", "\n"), async (first, second, flaw) => {
        const key = { HUAWEICLOUD_SDK_AK: "AKEXAMPLE", HUAWEICLOUD_SDK_SK: flaw + first + flaw }
        const env = { ...cloud.reach, ...key, HUAWEICLOUD_SDK_SECURITY_TOKEN: second + flaw }
        expectNone(await countersign(["whoami", "--json"], { env }), [first, second])
        const token = { ...cloud.reach, COUNTERSIGN_TOKEN: flaw + first + second + flaw }
        expectNone(await countersign(["whoami"], { env: token }), [first, second])
        cloud.emulator.faults.reset()
      }),
      { numRuns: 10 },
    )
  })

  it("stay out of doctor, whatever is wrong with them, and under whatever name", async () => {
    const names = [
      "HUAWEICLOUD_SDK_SK",
      "HUAWEICLOUD_SDK_SECURITY_TOKEN",
      "HW_SECRET_KEY",
      "OS_PASSWORD",
      "CLOUD_SDK_SK",
    ]
    const flaws = fc.constantFrom("", " ", '"', "'", "\uFEFF", " # note")
    await fc.assert(
      fc.asyncProperty(secret, secret, flaws, fc.constantFrom(...names), async (first, second, flaw, name) => {
        const env = {
          ...cloud.reach,
          HUAWEICLOUD_SDK_AK: "AKEXAMPLE",
          HUAWEICLOUD_SDK_SK: first,
          HTTPS_PROXY: `http://user:${second}@127.0.0.1:9`,
          [name]: flaw + first + flaw,
        }
        const url = `${cloud.emulator.url}/v1/x`
        expectNone(await countersign(["doctor", url], { env }), [first, second])
        expectNone(await countersign(["doctor", url, "--json"], { env }), [first, second])
        cloud.emulator.faults.reset()
      }),
      { numRuns: 10 },
    )
  })

  it("stay hidden where AK and SK are mixed up", async () => {
    const mixedUp = { HUAWEICLOUD_SDK_AK: cloud.env.HUAWEICLOUD_SDK_SK ?? "", HUAWEICLOUD_SDK_SK: "AKEXAMPLE" }
    const env = { ...cloud.reach, ...mixedUp }
    const url = `${cloud.emulator.url}/v1/x`
    for (const args of [["whoami"], ["whoami", "--json"], ["doctor", url], ["doctor", url, "--json"]]) {
      const run = await countersign(args, { env })
      expect(run.exitCode).toBe(3)
      expectNone(run, [mixedUp.HUAWEICLOUD_SDK_AK])
    }
    const { stdout } = await countersign(["doctor"], { env })
    expect(stdout).toContain("check whether AK and SK are mixed up")
  })

  it("stay out of whoami that succeeds", async () => {
    const { secretAccessKey } = cloud.emulator.accounts.partner.user.credentials
    for (const args of [["whoami"], ["whoami", "--json"]]) {
      const run = await countersign(args, { env: cloud.env })
      expect(run.exitCode).toBe(0)
      expectNone(run, [secretAccessKey])
    }
  })

  it("stay out of what explain makes of hundreds of requests, even where the answer echoes them", async () => {
    const secrets: string[] = []
    const entries = fc
      .sample(fc.tuple(secret, secret, fc.constantFrom(400, 401, 403, 407, 502)), 300)
      .map(([token, password, status], index) => {
        secrets.push(token, password)
        const texts = [
          JSON.stringify({
            error_code: "APIGW.0301",
            error_msg: `Incorrect IAM authentication information: decrypt token fail ${token}`,
          }),
          JSON.stringify({
            error: { code: 401, message: `token ${token} of ${password} is over`, title: "Unauthorized" },
          }),
          `<html>${token}</html>`,
          JSON.stringify({
            error_code: "APIGW.0301",
            error_msg: `verify aksk signature fail, canonicalRequest:GET|/v1/|token=${password}|host:h|x-security-token:${token}||host;x-security-token|UNSIGNED-PAYLOAD`,
          }),
        ]
        return {
          request: {
            method: "GET",
            url: `https://ecs.myhuaweicloud.com/v1?token=${password}`,
            headers: [
              { name: "X-Auth-Token", value: token },
              { name: "X-Security-Token", value: token },
              { name: "Authorization", value: `Basic ${password}` },
              { name: "X-Password", value: password },
            ],
          },
          response: { status, headers: [], content: { text: texts[index % texts.length] } },
        }
      })
    const input = JSON.stringify({ log: { entries } })
    expectNone(await countersign(["explain"], { input }), secrets)
    expectNone(await countersign(["explain", "--json"], { input }), secrets)
  })

  it.skipIf(noTerminal)("of an answer's headers stay off a terminal, unless it is asked to show them", async () => {
    const body = join(await temporaryFolder(), "login.json")
    const { user, domain } = cloud.emulator.accounts.partner
    const { name, password } = user
    const identity = { methods: ["password"], password: { user: { name, password, domain: { name: domain.name } } } }
    await writeFile(body, JSON.stringify({ auth: { identity, scope: { domain: { name: domain.name } } } }))
    const args = ["curl", "-i", "--json", `@${body}`, `${cloud.emulator.url}/v3/auth/tokens?nocatalog=1`]
    const { env } = cloud
    expect((await inTerminal(args, { env })).screen).toContain("x-subject-token: [hidden]")
    expect((await inTerminal(["--json", ...args], { env })).screen).toContain('"x-subject-token": "[hidden]"')
    expect((await inTerminal([...args, "--show-secrets"], { env })).screen).toMatch(/x-subject-token: MII/)
    expect((await countersign(args, { env })).stdout).toMatch(/x-subject-token: MII/)
  })

  it("stay out of the message of every refused argument", async () => {
    await fc.assert(
      fc.asyncProperty(
        secret,
        fc.constantFrom("--password", "--token", "--sk", "--secret-key", "--passcode"),
        async (value, option) => {
          const joined = await countersign(["token", `${option}=${value}`])
          const apart = await countersign(["token", option, value])
          expect([joined.exitCode, apart.exitCode]).toEqual([2, 2])
          expectNone(joined, [value])
          expectNone(apart, [value])
        },
      ),
      { numRuns: 5 },
    )
  })

  it("stay out of the message about a malformed token file", async () => {
    const file = join(await temporaryFolder(), "token")
    await fc.assert(
      fc.asyncProperty(
        secret,
        fc.constantFrom('{"value":"?', "{?", "? ?", "?\u0000", '{"value":{"a":"?"}}'),
        async (value, form) => {
          await writeFile(file, form.replaceAll("?", value))
          const run = await countersign(["whoami", "--token-file", file], { env: cloud.reach })
          expect(run.exitCode).not.toBe(0)
          expectNone(run, [value])
        },
      ),
      { numRuns: 10 },
    )
  })
})
