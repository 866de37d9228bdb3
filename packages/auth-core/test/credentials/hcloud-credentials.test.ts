import { chmod, mkdir } from "node:fs/promises"
import { join } from "node:path"
import { inspect } from "node:util"
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest"
import { type HcloudCredentialsOptions, hcloudCredentials } from "../../src/credentials/hcloud-credentials.ts"
import { rejectionOf, thrownBy } from "../iam/local-iam.ts"
import { temporaryFolder, writeSettled } from "./files.ts"

const KEY = { accessKeyId: "HCLOUDAK", secretAccessKey: "s3cretSk" }
const EMPTY = { accessKeyId: "", secretAccessKey: "", securityToken: "", ssoAuth: { stsToken: { accessKeyId: "" } } }

let file: string
beforeEach(async () => {
  const home = await temporaryFolder()
  vi.stubEnv("HOME", home)
  await mkdir(join(home, ".hcloud"))
  file = join(home, ".hcloud/config.json")
})
afterEach(() => vi.unstubAllEnvs())

const write = (config: object): Promise<void> => writeSettled(file, JSON.stringify(config))

describe("hcloudCredentials reads", () => {
  it("the current profile, with its project and domain", async () => {
    const work = { ...EMPTY, ...KEY, name: "work", mode: "AKSK", region: "cn-north-4", projectId: "p1", domainId: "d1" }
    await write({
      current: "work",
      authEncrypt: "false",
      profiles: [{ ...EMPTY, name: "default", mode: "AKSK" }, work],
    })
    const refreshAfter = vi.fn()
    const found = await hcloudCredentials()({ refreshAfter })
    expect(found).toEqual({ ...KEY, projectId: "p1", domainId: "d1" })
    expect(inspect(found)).not.toContain("s3cret")
    expect(refreshAfter).toHaveBeenCalledExactlyOnceWith(10_000)
  })

  it("the temporary key of single sign-on by the mode, not one that was left behind", async () => {
    const sts = { accessKeyId: "STSAK", secretAccessKey: "s3cretSts", securityToken: "s3cretToken" }
    const both = { ...KEY, ssoAuth: { stsToken: sts } }
    await write({
      profiles: [
        { ...both, name: "sso", mode: "SSO" },
        { ...both, name: "key", mode: "AKSK" },
      ],
    })
    expect(await hcloudCredentials({ profile: "sso" })()).toEqual(sts)
    expect(await hcloudCredentials({ profile: "key" })()).toEqual(KEY)
  })

  it("the only profile, in a file after a BOM, and sees changes", async () => {
    const provider = hcloudCredentials({ file })
    await writeSettled(file, `\uFEFF${JSON.stringify({ profiles: [{ ...KEY, name: "default", mode: "AKSK" }] })}`)
    expect(await provider()).toEqual(KEY)
    await write({ profiles: [{ ...KEY, accessKeyId: "NEWAK", name: "default" }] })
    expect(await provider()).toMatchObject({ accessKeyId: "NEWAK" })
  })
})

describe("hcloudCredentials refuses", () => {
  const one = (profile: object): object => ({ profiles: [{ ...KEY, name: "a", mode: "AKSK", ...profile }] })

  it.each<[string, config: object | string, code: string, text: string, options?: HcloudCredentialsOptions]>([
    [
      "an encrypted config",
      { ...one({}), authEncrypt: "true" },
      "INVALID",
      "is encrypted, and only KooCLI can read it. `hcloud configure set --cli-auth-encrypt=false` writes it in clear, for all profiles.",
    ],
    ["encryption as a boolean", { ...one({}), authEncrypt: true }, "INVALID", "is encrypted"],
    ["text that is no JSON", "s3cretSk", "INVALID", "is malformed: it must be the JSON of KooCLI"],
    ["a number as a key", one({ secretAccessKey: 5 }), "INVALID", "secretAccessKey of the profile a must be a text"],
    ["half a key", one({ accessKeyId: "" }), "INVALID", "has secretAccessKey without accessKeyId: set both"],
    ["no key", one({ accessKeyId: "", secretAccessKey: "" }), "MISSING", 'The profile "a" of'],
    ["an AK that is none", one({ accessKeyId: "A K" }), "INVALID", "`accessKeyId` cannot be an AK"],
    ["the agency of a server", one({ mode: "ecsAgency" }), "INVALID", "metadataCredentials()"],
    ["another mode", one({ mode: "AssumeRole" }), "INVALID", 'in the mode "AssumeRole"'],
    ["no profile", {}, "MISSING", "has no current profile: it has none. Pass `profile`."],
    ["several profiles", { profiles: [{ name: "a" }, { name: "b" }] }, "MISSING", "it has a, b"],
    ["a profile named twice", { profiles: [{ name: "a" }, { name: "a" }] }, "INVALID", 'two profiles of the name "a"'],
    ["a profile that is absent", one({}), "MISSING", 'has no profile "b": it has a.', { profile: "b" }],
    ["a current profile that is absent", { ...one({}), current: "b" }, "MISSING", 'has no profile "b": it has a.'],
  ])("%s, and shows no secret", async (_, config, code, text, options) => {
    await writeSettled(file, typeof config === "string" ? config : JSON.stringify(config))
    const error = await rejectionOf(hcloudCredentials(options)(), "s3cretSk")
    expect(error.code).toContain(code)
    expect(error.message).toContain(text)
    expect(error.message).toContain(file)
  })

  it("a file that is absent or a folder", async () => {
    expect(await rejectionOf(hcloudCredentials()())).toMatchObject({
      code: "AUTH_CREDENTIALS_MISSING",
      message: `There is no KooCLI config at ${file}.`,
    })
    await mkdir(file)
    expect((await rejectionOf(hcloudCredentials()())).code).toBe("AUTH_INVALID_CREDENTIALS")
  })

  // Root may read everything, and Windows has no such mode.
  it.skipIf((process.getuid?.() ?? 0) === 0)("a file that it may not read", async () => {
    await write(one({}))
    await chmod(file, 0)
    expect((await rejectionOf(hcloudCredentials()())).message).toContain("cannot be read (EACCES)")
  })

  it.each([{ file: "" }, { profile: "" }, { file: 5 }])("the options %j at once", (options) => {
    expect(thrownBy(() => hcloudCredentials(options as HcloudCredentialsOptions)).code).toBe("AUTH_INVALID_OPTION")
  })
})
