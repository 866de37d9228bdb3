import { execFile } from "node:child_process"
import { cp, mkdir } from "node:fs/promises"
import { join } from "node:path"
import { pathToFileURL } from "node:url"
import { inspect, promisify } from "node:util"
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest"
import { TokenCache } from "../../src/cache/token-cache.ts"
import { openTelekomCloud } from "../../src/cloud/cloud.ts"
import { chain } from "../../src/credentials/chain.ts"
import { type OsCredentialsOptions, osCredentials } from "../../src/credentials/env-credentials.ts"
import { staticCredentials } from "../../src/credentials/static-credentials.ts"
import { rejectionOf, thrownBy } from "../iam/local-iam.ts"
import { temporaryFolder, writeSettled } from "./files.ts"

const KEY = { accessKeyId: "OTCAK", secretAccessKey: "s3cretSk" }

let home: string
let file: string
beforeEach(async () => {
  for (const name of Object.keys(process.env)) {
    if (name.startsWith("OS_") || name.startsWith("XDG_")) vi.stubEnv(name, undefined)
  }
  home = await temporaryFolder()
  vi.stubEnv("HOME", home)
  await mkdir(join(home, ".config/openstack"), { recursive: true })
  file = join(home, ".config/openstack/clouds.yaml")
})
afterEach(() => vi.unstubAllEnvs())

function set(values: Readonly<Record<string, string>>): void {
  for (const [name, value] of Object.entries(values)) vi.stubEnv(`OS_${name}`, value)
}

const cloud = (auth: string): string => `clouds:\n  otc:\n    auth:\n${auth.replace(/^/gm, "      ")}\n`

describe("osCredentials reads", () => {
  it("variables, with project, domain and address", async () => {
    set({
      ACCESS_KEY: "OTCAK",
      SECRET_KEY: "s3cretSk",
      SECURITY_TOKEN: "s3cretToken",
      TENANT_ID: "t1",
      PROJECT_ID: "p1",
      USER_DOMAIN_ID: "d1",
      AUTH_URL: "https://iam.eu-de.otc.t-systems.com/v3",
    })
    const found = await osCredentials()()
    expect(found).toEqual({
      ...KEY,
      securityToken: "s3cretToken",
      projectId: "p1",
      domainId: "d1",
      iamEndpoint: "https://iam.eu-de.otc.t-systems.com",
    })
    expect(inspect(found)).not.toContain("s3cret")
  })

  it.each([
    ["ACCESS_KEY", "SECRET_KEY"],
    ["ACCESS_KEY_ID", "ACCESS_KEY_SECRET"],
    ["AK", "SK"],
  ])("OS_%s and OS_%s", async (ak, sk) => {
    set({ [ak]: "OTCAK", [sk]: "s3cretSk" })
    expect(await osCredentials()()).toEqual(KEY)
  })

  it("a cloud by OS_CLOUD, and secure.yaml before clouds.yaml before variables", async () => {
    await writeSettled(file, cloud("ak: OTCAK\nsk: wrong"))
    await writeSettled(join(home, ".config/openstack/secure.yaml"), cloud("sk: s3cretSk"))
    set({ CLOUD: "otc", ACCESS_KEY: "OTHER", SECRET_KEY: "other", SECURITY_TOKEN: "other", PROJECT_ID: "p1" })
    expect(await osCredentials()()).toEqual({ ...KEY, projectId: "p1" })
    vi.stubEnv("OS_CLOUD", undefined)
    expect(await osCredentials()()).toMatchObject({ accessKeyId: "OTHER", securityToken: "other" })
  })

  it("where XDG_CONFIG_HOME and XDG_CONFIG_DIRS point, in this order", async () => {
    const [user, site] = [join(home, "user"), join(home, "site")]
    await mkdir(join(site, "openstack"), { recursive: true })
    await mkdir(join(user, "openstack"), { recursive: true })
    vi.stubEnv("XDG_CONFIG_DIRS", `${site}:/nowhere`)
    await writeSettled(join(site, "openstack/clouds.yaml"), cloud("ak: SITE\nsk: s"))
    expect(await osCredentials()()).toMatchObject({ accessKeyId: "SITE" })
    await writeSettled(file, cloud("ak: HOME\nsk: s"))
    expect(await osCredentials()()).toMatchObject({ accessKeyId: "HOME" })
    vi.stubEnv("XDG_CONFIG_HOME", user)
    await writeSettled(join(user, "openstack/clouds.json"), '{"clouds":{"otc":{"auth":{"ak":"USER","sk":"s"}}}}')
    expect(await osCredentials()()).toMatchObject({ accessKeyId: "USER" })
  })

  it("the endpoint of its options before the address in the settings", async () => {
    set({ AK: "OTCAK", SK: "s3cretSk", AUTH_URL: "https://iam.example.com:443/v3/" })
    expect(await osCredentials()()).toMatchObject({ iamEndpoint: "https://iam.example.com" })
    const other = await osCredentials({ cloud: openTelekomCloud, region: "eu-nl" })()
    expect(other).toMatchObject({ iamEndpoint: "https://iam.eu-nl.otc.t-systems.com" })
  })

  it("a change of the file soon", async () => {
    await writeSettled(file, cloud("ak: OLD\nsk: s"))
    const refreshAfter = vi.fn()
    const provider = osCredentials({ file })
    expect(await provider({ refreshAfter })).toMatchObject({ accessKeyId: "OLD" })
    expect(refreshAfter).toHaveBeenCalledExactlyOnceWith(10_000)
    await writeSettled(file, cloud("ak: NEW\nsk: s"))
    expect(await new TokenCache().get(provider)).toMatchObject({ accessKeyId: "NEW" })
  })

  it("nothing in a chain where there is no key, and ends it where a cloud is absent", async () => {
    const sources = chain(osCredentials(), staticCredentials(KEY))
    expect(await sources()).toEqual(KEY)
    set({ CLOUD: "absent" })
    expect((await rejectionOf(sources())).message).toContain('There is no cloud "absent"')
  })
})

describe("a value of clouds.yaml", () => {
  const projectOf = async (value: string, options: OsCredentialsOptions = {}): Promise<string | undefined> => {
    await writeSettled(file, cloud(`ak: OTCAK\nsk: s3cretSk\nproject_id: ${value}`))
    return (await osCredentials({ file, ...options })()).projectId
  }

  it.each([
    ["4711", "4711"],
    ['"007"', "007"],
    ["'yes'", "yes"],
    ["a: b".replace(": ", ":"), "a:b"],
    ["0a1b # note", "0a1b"],
    [">-\n  folded\n  text", "folded text"],
    ["", undefined],
    ["~", undefined],
  ])("written as %j is %j", async (written, value) => {
    expect(await projectOf(written)).toBe(value)
  })

  it.each([
    "007",
    "1e5",
    "0x1f",
    "1_000",
    "yes",
    "2026-11-29",
    "1.10",
    "12345678901234567890",
    "[a]",
    "{ a: b }",
    "1:30",
  ])("is refused where clients would read it differently, or not: %s", async (written) => {
    const error = await rejectionOf(projectOf(written), "s3cretSk", written)
    expect(error.code).toBe("AUTH_INVALID_CREDENTIALS")
    expect(error.message).toMatch(
      new RegExp(`^${file}: clouds.otc.auth.project_id (is not a text to every client: put quotes|must be a text)`),
    )
  })
})

describe("osCredentials refuses", () => {
  it.each([
    ["broken YAML", "clouds:\n  otc: [s3cretSk\n", "clouds.yaml, line 3, is malformed: it must be YAML."],
    ["a key named twice", cloud("ak: OTCAK\nsk: s3cretSk\nsk: other"), "line 6, is malformed"],
    ["an unknown tag", cloud("ak: OTCAK\nsk: !vault s3cretSk"), "line 5, is malformed"],
    ["two documents", `${cloud("ak: A\nsk: s3cretSk")}---\n${cloud("ak: B\nsk: s")}`, "is malformed"],
    ["an alias of nothing", cloud("ak: OTCAK\nsk: *s3cretSk"), "is malformed"],
    ["a text", "s3cretSk\n", "clouds.yaml: it must hold names with values."],
    ["a list", "- s3cretSk\n", "clouds.yaml: it must hold names with values."],
    ["a list of clouds", "clouds: [s3cretSk]\n", "clouds must hold names with values"],
    ["a cloud that is a text", "clouds: { otc: s3cretSk }\n", "clouds.otc must hold names with values"],
    [
      "an auth that is a list",
      "clouds: { otc: { auth: [s3cretSk] } }\n",
      "clouds.otc.auth must hold names with values",
    ],
    [
      "two values of one setting",
      "clouds: { otc: { ak: OTCAK, auth: { ak: OTHER, sk: s3cretSk } } }\n",
      "clouds.otc has two values of access_key: in `auth` and beside it.",
    ],
    ["half a key", cloud("sk: s3cretSk"), "has a secret key without its access key: set both."],
    ["the other half", cloud("ak: OTCAK"), "has an access key without its secret key: set both."],
    ["an AK that is none", cloud('ak: "A K"\nsk: s3cretSk'), "`accessKeyId` cannot be an AK"],
    ["an SK in quotes of its own", cloud(`ak: OTCAK\nsk: "'s3cretSk'"`), "`secretAccessKey` has white space or quotes"],
    [
      "an address of another path",
      cloud("ak: A\nsk: s3cretSk\nauth_url: https://h/identity/v3"),
      "has an auth_url of another form",
    ],
  ])("%s, with the place and without the text", async (_, text, message) => {
    await writeSettled(file, text)
    const error = await rejectionOf(osCredentials({ file })(), "s3cretSk")
    expect(error.code).toBe("AUTH_INVALID_CREDENTIALS")
    expect(error.message).toContain(message)
  })

  it("a login of another kind, and names osToken", async () => {
    await writeSettled(file, cloud("username: alice\npassword: s3cretSk"))
    const error = await rejectionOf(osCredentials({ cloudName: "otc" })(), "s3cretSk")
    expect(error.code).toBe("AUTH_CREDENTIALS_MISSING")
    expect(error.message).toContain("which osToken() reads")
  })

  it("a file that is absent", async () => {
    const error = await rejectionOf(osCredentials({ file: join(home, "absent.yaml") })())
    expect(error).toMatchObject({
      code: "AUTH_CREDENTIALS_MISSING",
      message: `There is no file ${join(home, "absent.yaml")}.`,
    })
  })

  it("malformed JSON, without its text", async () => {
    const json = join(home, "clouds.json")
    await writeSettled(json, '{ "clouds": s3cretSk }')
    const error = await rejectionOf(osCredentials({ file: json })(), "s3cretSk")
    expect(error.message).toBe(`${json} is malformed: it must be JSON.`)
  })

  it.each([{ cloudName: "" }, { file: "" }, { iamEndpoint: "nonsense" }])("the options %j at once", (options) => {
    expect(thrownBy(() => osCredentials(options)).code).toBe("AUTH_INVALID_OPTION")
  })
})

it("says that the package yaml is missing, and reads JSON without it", { timeout: 30_000 }, async () => {
  // The sources alone, in a folder from which no yaml is found.
  const library = join(home, "library")
  await cp(new URL("../../src", import.meta.url), library, { recursive: true })
  await writeSettled(join(library, "package.json"), '{"type":"module","imports":{"#digest":"./digest/node.ts"}}')
  await writeSettled(file, cloud("ak: OTCAK\nsk: s3cretSk"))
  const program = `
    const { osCredentials } = await import(${JSON.stringify(pathToFileURL(join(library, "credentials/env-credentials.ts")).href)})
    try { console.log((await osCredentials()()).accessKeyId) } catch (error) { console.log(error.code, error.message) }`
  const ask = async (): Promise<string> =>
    (
      await promisify(execFile)(process.execPath, ["--input-type=module", "-e", program], {
        env: { HOME: home, USERPROFILE: home },
        cwd: home,
      })
    ).stdout
  expect(await ask()).toBe(
    `AUTH_INVALID_CREDENTIALS ${file} cannot be read without the package "yaml": run \`npm install yaml\`, or write the file in JSON, with a name that ends in .json.\n`,
  )
  await writeSettled(join(home, "clouds.json"), '{"clouds":{"otc":{"auth":{"ak":"OTCAK","sk":"s3cretSk"}}}}')
  expect(await ask()).toBe("OTCAK\n")
})
