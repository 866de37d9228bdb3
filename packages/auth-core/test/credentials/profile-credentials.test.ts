import { execFileSync } from "node:child_process"
import { chmod, writeFile } from "node:fs/promises"
import { join } from "node:path"
import { fakeClock } from "@countersign/testkit"
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest"
import { TokenCache } from "../../src/cache/token-cache.ts"
import { profileCredentials } from "../../src/credentials/profile-credentials.ts"
import { jsonBody, localIam, rejectionOf, thrownBy, tokenAnswer } from "../iam/local-iam.ts"
import { temporaryFolder, writeSettled } from "./files.ts"
import { securityTokenAnswer } from "./temporary-key-answers.ts"

let folder: string
let file: string
beforeEach(async () => {
  folder = await temporaryFolder()
  file = join(folder, "credentials")
})
afterEach(() => vi.unstubAllEnvs())

const key = (name: string): string => `ak = AK${name}\nsk = SK${name}\n`

describe("the file", () => {
  it("is named by the option, else by the variable, else is the one in the home directory", async () => {
    vi.stubEnv("HOME", folder)
    vi.stubEnv("HUAWEICLOUD_SDK_CREDENTIALS_FILE", "")
    expect((await rejectionOf(profileCredentials()())).message).toContain(join(folder, ".huaweicloud/credentials"))
    await writeSettled(file, `[basic]\n${key("1")}`)
    vi.stubEnv("HUAWEICLOUD_SDK_CREDENTIALS_FILE", file)
    expect(await profileCredentials()()).toEqual({ accessKeyId: "AK1", secretAccessKey: "SK1" })
    const other = join(folder, "other")
    await writeSettled(other, `[basic]\n${key("2")}`)
    expect(await profileCredentials({ file: other })()).toMatchObject({ accessKeyId: "AK2" })
  })

  it("may begin with a byte order mark", async () => {
    await writeSettled(file, `\uFEFF[basic]\n${key("1")}`)
    expect(await profileCredentials({ file })()).toMatchObject({ accessKeyId: "AK1" })
  })

  it("must be a file", async () => {
    const error = await rejectionOf(profileCredentials({ file: folder })())
    expect(error.code).toBe("AUTH_INVALID_CREDENTIALS")
    expect(error.message).toContain(`${folder} is not a regular file`)
  })

  it.skipIf(process.platform === "win32")(
    "that is a named pipe is refused at once, while nobody writes to it",
    async () => {
      execFileSync("mkfifo", [file])
      const error = await rejectionOf(profileCredentials({ file })())
      expect(error.code).toBe("AUTH_INVALID_CREDENTIALS")
      expect(error.message).toContain("is not a regular file")
    },
  )

  it("is not read if it is larger than 1 MB", async () => {
    await writeSettled(file, `[basic]\n${key("1")}# ${"x".repeat(1024 * 1024)}`)
    expect((await rejectionOf(profileCredentials({ file })())).message).toContain("larger than 1048576 bytes")
  })

  it("is read once for concurrent callers, so that a hung mount holds one thread", async () => {
    await writeSettled(file, `[basic]\n${key("1")}`)
    const open = vi.spyOn(process.getBuiltinModule("node:fs/promises"), "open")
    try {
      const providers = Array.from({ length: 20 }, () => profileCredentials({ file }))
      await Promise.all(providers.map((provider) => provider()))
      expect(open).toHaveBeenCalledTimes(1)
      await profileCredentials({ file })()
      expect(open).toHaveBeenCalledTimes(2)
    } finally {
      open.mockRestore()
    }
  })

  // Root may read everything, and Windows has no such mode.
  it.skipIf((process.getuid?.() ?? 0) === 0)("without permission to read is an error that says so", async () => {
    await writeSettled(file, "[basic]")
    await chmod(file, 0)
    expect((await rejectionOf(profileCredentials({ file })())).message).toMatch(/EACCES/)
  })
})

describe("the section", () => {
  it("inherits from [DEFAULT], an id token too, which wins", async () => {
    await writeSettled(file, `[DEFAULT]\n${key("D")}[basic] ; main\nproject_id = p1\n`)
    expect(await profileCredentials({ file })()).toMatchObject({ accessKeyId: "AKD", projectId: "p1" })
    await writeSettled(file, `[DEFAULT]\nidp_id = i\nid_token_file = ${folder}/none\n[basic]\n${key("1")}`)
    expect((await rejectionOf(profileCredentials({ file })())).message).toContain(`${folder}/none does not exist`)
    await writeSettled(file, `[DEFAULT]\n${key("D")}`)
    expect((await rejectionOf(profileCredentials({ file })())).message).toContain("has no section [basic]")
  })

  it("is [basic], else [global], or the named one", async () => {
    await writeSettled(file, `[global]\n${key("G")}domain_id = d1\n`)
    expect(await profileCredentials({ file })()).toMatchObject({ accessKeyId: "AKG", domainId: "d1" })
    await writeSettled(file, `[global]\n${key("G")}[basic]\n${key("B")}project_id = p1\nsecurity_token = token\n`)
    expect(await profileCredentials({ file })()).toEqual({
      accessKeyId: "AKB",
      secretAccessKey: "SKB",
      securityToken: "token",
      projectId: "p1",
    })
    expect(await profileCredentials({ file, section: "global" })()).toMatchObject({ accessKeyId: "AKG" })
    const error = await rejectionOf(profileCredentials({ file, section: "mine" })())
    expect(error.code).toBe("AUTH_CREDENTIALS_MISSING")
    expect(error.message).toContain("[mine]")
  })

  it("may name an identity provider, which wins, and where IAM is", async () => {
    const iam = await localIam(tokenAnswer("MIIunscoped"), securityTokenAnswer())
    const idTokenFile = join(folder, "id-token")
    await writeSettled(idTokenFile, "id.token")
    await writeSettled(
      file,
      `[basic]\n${key("1")}idp_id = my-idp\nid_token_file = ${idTokenFile}\niam_endpoint = ${iam.url}\n`,
    )
    expect(await profileCredentials({ file })()).toMatchObject({ accessKeyId: "TEMPORARYAK" })
    expect(jsonBody(iam.arrivals[0])).toEqual({ auth: { id_token: { id: "id.token" } } })
  })

  it.each([
    ["[basic]\nproject_id = p1\n", "AUTH_CREDENTIALS_MISSING", /neither ak and sk nor idp_id and id_token_file/],
    ["[basic]\nak = AK\n", "AUTH_INVALID_CREDENTIALS", /ak without sk/],
    ["[basic]\nak = AK\nsk =\n", "AUTH_INVALID_CREDENTIALS", /ak without sk/],
    ["[basic]\nak = A K\nsk = s3cret\n", "AUTH_INVALID_CREDENTIALS", /\[basic\].*accessKeyId/],
    ["[basic]\nak = AK\ns3cret\n", "AUTH_INVALID_CREDENTIALS", /line 3/],
  ])("%o gives no key", async (text, code, message) => {
    await writeSettled(file, text)
    const error = await rejectionOf(profileCredentials({ file })(), "s3cret")
    expect(error.code).toBe(code)
    expect(error.message).toMatch(message)
    expect(error.message).toContain(file)
  })
})

describe("quotes around a value, and a comment after it,", () => {
  const right: Record<string, string> = {
    ak: "AK1",
    sk: "s3cretSk",
    security_token: "s3cretToken",
    project_id: "p1",
    domain_id: "d1",
    idp_id: "my-idp",
  }

  it.each(Object.entries(right))("are refused, naming file, line and key: %s", async (key, value) => {
    for (const bad of [`"${value}"`, `'${value}'`, `${value} # note`, `${value} ;note`]) {
      const lines = Object.entries({ ...right, [key]: bad }).map((line) => line.join(" = "))
      await writeSettled(file, `[basic]\n${lines.join("\n")}\n`)
      const error = await rejectionOf(profileCredentials({ file })(), "s3cretSk", "s3cretToken")
      expect(error.code).toBe("AUTH_INVALID_CREDENTIALS")
      const line = Object.keys(right).indexOf(key) + 2
      expect(error.message).toContain(`${file}, line ${line}: \`${key}\` has `)
      expect(error.message).toMatch(/quotes around it|a # or ;/)
    }
  })

  it.each(Object.keys(right))("are refused in place of a value: %s", async (key) => {
    const lines = Object.entries({ ...right, [key]: "# to be filled in" }).map((line) => line.join(" = "))
    await writeSettled(file, `[basic]\n${lines.join("\n")}\n`)
    const error = await rejectionOf(profileCredentials({ file })(), "s3cretSk", "s3cretToken")
    expect(error.code).toBe("AUTH_INVALID_CREDENTIALS")
  })

  it("matter only in the section that is read, for its own keys", async () => {
    await writeSettled(file, `[basic]\n${key("1")}note = "mine" # yes\n[other]\nak = "AK2"\n`)
    expect(await profileCredentials({ file })()).toMatchObject({ accessKeyId: "AK1" })
  })
})

describe("a change", () => {
  it("is seen at the next call of the provider", async () => {
    const provider = profileCredentials({ file })
    await writeFile(file, `[basic]\n${key("1")}`)
    expect(await provider()).toMatchObject({ accessKeyId: "AK1" })
    await writeFile(file, `[basic]\n${key("2")}`)
    expect(await provider()).toMatchObject({ accessKeyId: "AK2" })
  })

  it("is awaited while it is written, so that no part of an SK is used", async () => {
    await writeFile(file, "[basic]\nak = AK2\nsk = SK2-first-half")
    const asked = profileCredentials({ file })()
    setTimeout(() => void writeFile(file, "[basic]\nak = AK2\nsk = SK2-first-half-second-half\n"), 20)
    expect(await asked).toMatchObject({ secretAccessKey: "SK2-first-half-second-half" })
  })

  it("reaches a cache within ten seconds, and a malformed file is reported and leaves the old key in use", async () => {
    const clock = fakeClock()
    const events: string[] = []
    const cache = new TokenCache({
      clock,
      onEvent: (event) => events.push(event.type === "refresh-failed" ? event.code : event.type),
    })
    const provider = profileCredentials({ file, clock })
    const read = async (): Promise<string> => (await cache.get(provider)).accessKeyId
    const inUse = async (accessKeyId: string): Promise<void> => {
      await clock.advance(10_000)
      await expect.poll(read).toBe(accessKeyId)
    }
    await writeSettled(file, `[basic]\n${key("1")}`)
    expect(await read()).toBe("AK1")

    await writeSettled(file, "[basic]\nak = AK2\nsk")
    await inUse("AK1")
    await expect.poll(() => events).toContain("AUTH_INVALID_CREDENTIALS")
    expect(await read()).toBe("AK1")

    await writeSettled(file, `[basic]\n${key("2")}`)
    await inUse("AK2")
  })
})

it.each([{ file: "" }, { section: "" }, { file: 7 }, { timeoutMs: 0 }])("refuses bad options: %o", (options) => {
  expect(thrownBy(() => profileCredentials(options as { file: string }))).toMatchObject({ code: "AUTH_INVALID_OPTION" })
})
