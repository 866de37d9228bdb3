import { execFile } from "node:child_process"
import { mkdir } from "node:fs/promises"
import { dirname, join } from "node:path"
import { promisify } from "node:util"
import { type Arrival, hasSystemTool, type RecordingServer } from "@countersign/testkit"
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest"
import { tokenAuth } from "../../src/auth/token-auth.ts"
import type { Token } from "../../src/identity/credentials.ts"
import { type OsTokenOptions, osToken } from "../../src/tokens/password-token.ts"
import { temporaryFolder, writeSettled } from "../credentials/files.ts"
import { iamError, localIam, rejectionOf, thrownBy, tokenAnswer } from "../iam/local-iam.ts"

const run = promisify(execFile)
const hasClient = hasSystemTool("openstack", "python3-openstackclient")
const cwd = process.cwd()

let home: string
beforeEach(async () => {
  for (const name of Object.keys(process.env)) {
    if (name.startsWith("OS_") || name.startsWith("XDG_")) vi.stubEnv(name, undefined)
  }
  home = await temporaryFolder()
  vi.stubEnv("HOME", home)
  await mkdir(join(home, "work"))
  process.chdir(join(home, "work"))
})
afterEach(() => {
  process.chdir(cwd)
  vi.unstubAllEnvs()
})

interface Setting {
  /** Variables, without OS_. */
  env?: Readonly<Record<string, string>>
  /** Files below the home directory; `work` is the working directory. */
  files?: Readonly<Record<string, string>>
}

/** Puts the address of IAM in place of URL, and the home directory in that of HOME. */
async function setUp({ env = {}, files = {} }: Setting, url = "https://iam.example.com"): Promise<NodeJS.ProcessEnv> {
  const filled = (text: string): string => text.replaceAll("URL", url).replaceAll("HOME", home)
  for (const [file, text] of Object.entries(files)) {
    const path = join(home, file)
    await mkdir(dirname(path), { recursive: true })
    await writeSettled(path, filled(text))
  }
  const variables = Object.fromEntries(Object.entries(env).map(([name, value]) => [`OS_${name}`, filled(value)]))
  for (const [name, value] of Object.entries(variables)) vi.stubEnv(name, value)
  return { PATH: process.env.PATH, HOME: home, ...variables }
}

/** The body of a clouds.yaml with one cloud. */
function clouds(name: string, auth: Readonly<Record<string, string>>, beside = ""): string {
  const members = Object.entries({ auth_url: "URL/v3", ...auth }).map(([key, value]) => `      ${key}: ${value}\n`)
  return `clouds:\n  ${name}:\n    identity_api_version: 3\n${beside}    auth:\n${members.join("")}`
}

/** A server for both clients: openstackclient asks for the versions first. */
async function keystone(): Promise<RecordingServer> {
  const server: RecordingServer = await localIam((arrival) =>
    arrival.method === "POST"
      ? tokenAnswer("MIIsubject", { user: { id: "u", name: "u", domain: { id: "d", name: "d" } }, catalog: [] })
      : {
          status: 200,
          headers: { "content-type": "application/json" },
          body: JSON.stringify({
            version: { id: "v3.14", status: "stable", links: [{ rel: "self", href: `${server.url}/v3/` }] },
          }),
        },
  )
  return server
}

function asked(arrivals: readonly Arrival[]): unknown[] {
  return arrivals.filter(({ method }) => method === "POST").map(({ body }) => JSON.parse(String(body)).auth)
}

const LOGIN = { username: "alice", password: "hunter2", user_domain_name: "acme" }
const PROJECT = { ...LOGIN, project_name: "eu-de", project_domain_name: "acme" }
const VARIABLES = {
  AUTH_URL: "URL/v3",
  IDENTITY_API_VERSION: "3",
  USERNAME: "bob",
  PASSWORD: "opensesame",
  USER_DOMAIN_NAME: "other",
}

const SAME: Readonly<Record<string, Setting>> = {
  "a user and a project by name": { env: { ...VARIABLES, PROJECT_NAME: "p", PROJECT_DOMAIN_NAME: "owner" } },
  "OS_PROJECT_ID over OS_TENANT_ID": { env: { ...VARIABLES, PROJECT_ID: "p1", TENANT_ID: "t1" } },
  "OS_TENANT_ID and OS_TENANT_NAME": { env: { ...VARIABLES, TENANT_ID: "t1", TENANT_NAME: "t" } },
  "a project over a domain, which is its owner": { env: { ...VARIABLES, PROJECT_NAME: "p", DOMAIN_NAME: "owner" } },
  "ids over names": { env: { ...VARIABLES, USER_ID: "u1", DOMAIN_ID: "d1", DOMAIN_NAME: "d" } },
  "the domain of a project as that of the user": {
    env: { ...VARIABLES, USER_DOMAIN_NAME: "", DOMAIN_NAME: "d", PROJECT_NAME: "p" },
  },
  OS_DEFAULT_DOMAIN: { env: { ...VARIABLES, USER_DOMAIN_NAME: "", DEFAULT_DOMAIN: "d1", PROJECT_NAME: "p" } },
  "the variables without OS_CLOUD, though there are clouds": {
    env: { ...VARIABLES, DOMAIN_NAME: "other" },
    files: { "work/clouds.yaml": clouds("otc", PROJECT) },
  },
  "the working directory over the home directory": {
    env: { CLOUD: "otc" },
    files: {
      "work/clouds.yaml": clouds("otc", PROJECT),
      ".config/openstack/clouds.yaml": clouds("otc", { ...PROJECT, username: "carol" }),
    },
  },
  "OS_CLIENT_CONFIG_FILE over the working directory": {
    env: { CLOUD: "otc", CLIENT_CONFIG_FILE: "HOME/my.yaml" },
    files: { "work/clouds.yaml": clouds("otc", PROJECT), "my.yaml": clouds("otc", { ...PROJECT, username: "carol" }) },
  },
  "the usual files where OS_CLIENT_CONFIG_FILE does not exist": {
    env: { CLOUD: "otc", CLIENT_CONFIG_FILE: "HOME/absent.yaml" },
    files: { ".config/openstack/clouds.yml": clouds("otc", PROJECT) },
  },
  "secure.yaml over clouds.yaml, in another folder": {
    env: { CLOUD: "otc" },
    files: {
      "work/clouds.yaml": clouds("otc", PROJECT),
      ".config/openstack/secure.yaml": "clouds:\n  otc:\n    auth:\n      username: carol\n      password: s3cret\n",
    },
  },
  "a cloud of secure.yaml alone": { env: { CLOUD: "otc" }, files: { "work/secure.yaml": clouds("otc", PROJECT) } },
  OS_CLIENT_SECURE_FILE: {
    env: { CLOUD: "otc", CLIENT_SECURE_FILE: "HOME/mine.yaml" },
    files: {
      "work/clouds.yaml": clouds("otc", { ...PROJECT, password: "wrong" }),
      "mine.yaml": "clouds: { otc: { auth: { password: hunter2 } } }",
    },
  },
  "clouds.json": {
    env: { CLOUD: "otc" },
    files: {
      "work/clouds.json": JSON.stringify({
        clouds: { otc: { identity_api_version: 3, auth: { auth_url: "URL/v3", ...PROJECT } } },
      }),
    },
  },
  "values beside auth, a number and a merged mapping, after a BOM": {
    env: { CLOUD: "otc" },
    files: {
      "work/clouds.yaml": `\uFEFFcommon: &common\n  auth_url: URL/v3\n  user_domain_name: acme\nclouds:\n  otc:\n    identity_api_version: 3\n    username: alice\n    project-id: 4711\n    auth:\n      <<: *common\n      password: 12345\n`,
    },
  },
  "tenant_id after project_id in a file": {
    env: { CLOUD: "otc" },
    files: { "work/clouds.yaml": clouds("otc", { ...LOGIN, tenant_id: "t1", project_id: "p1" }) },
  },
  "a password of the variables for a cloud without": {
    env: { CLOUD: "otc", PASSWORD: "opensesame", DOMAIN_NAME: "acme" },
    files: { "work/clouds.yaml": clouds("otc", { username: "alice", user_domain_name: "acme" }) },
  },
  "the variables as the cloud envvars": {
    env: { ...VARIABLES, CLOUD: "envvars", PROJECT_ID: "p1" },
    files: { "work/clouds.yaml": clouds("otc", PROJECT) },
  },
}

describe.skipIf(!hasClient)("osToken asks for the token that openstackclient asks for", { timeout: 60_000 }, () => {
  it.each(Object.entries(SAME))("by %s", async (_, setting) => {
    const server = await keystone()
    const env = await setUp(setting, server.url)
    await run("openstack", ["token", "issue", "-f", "json"], { env, cwd: join(home, "work") })
    const theirs = asked(server.arrivals.splice(0))
    expect(theirs).toHaveLength(1)
    expect(await osToken()()).toMatchObject({ value: "MIIsubject" })
    expect(asked(server.arrivals)).toEqual(theirs)
  })

  it("by OS_TOKEN over OS_AUTH_TOKEN, which it sends itself", async () => {
    const server = await keystone()
    const env = await setUp(
      {
        env: {
          AUTH_URL: "URL/v3",
          IDENTITY_API_VERSION: "3",
          AUTH_TYPE: "v3token",
          TOKEN: "MIIone",
          AUTH_TOKEN: "MIItwo",
          PROJECT_ID: "p1",
        },
      },
      server.url,
    )
    await run("openstack", ["token", "issue", "-f", "json"], { env, cwd: join(home, "work") })
    expect(asked(server.arrivals)).toMatchObject([{ identity: { methods: ["token"], token: { id: "MIIone" } } }])
    expect(await osToken()()).toEqual({ value: "MIIone", issuedAt: 0, expiresAt: Number.POSITIVE_INFINITY })
  })
})

/** The request of osToken to IAM. */
async function askedWith(setting: Setting, options?: OsTokenOptions): Promise<{ token: Token; bodies: unknown[] }> {
  const server = await keystone()
  await setUp(setting, server.url)
  return { token: await osToken(options)(), bodies: asked(server.arrivals) }
}

describe("osToken", () => {
  it("takes the values of a named cloud before those of variables, and mixes no two users", async () => {
    const { bodies } = await askedWith({
      env: { ...VARIABLES, AUTH_URL: "http://127.0.0.1:9", CLOUD: "otc", PROJECT_ID: "p1", TOKEN: "MIIother" },
      files: { "work/clouds.yaml": clouds("otc", PROJECT) },
    })
    expect(bodies).toEqual([
      {
        identity: {
          methods: ["password"],
          password: { user: { name: "alice", password: "hunter2", domain: { name: "acme" } } },
        },
        scope: { project: { name: "eu-de", domain: { name: "acme" } } },
      },
    ])
  })

  it("tries no password of another user", async () => {
    await setUp({
      env: { ...VARIABLES, CLOUD: "otc" },
      files: { "work/clouds.yaml": clouds("otc", { username: "alice", user_domain_name: "acme" }) },
    })
    const error = await rejectionOf(osToken()(), "opensesame")
    expect(error.code).toBe("AUTH_INVALID_CREDENTIALS")
    expect(error.message).toBe(
      'The cloud "otc" of clouds.yaml names a user without password: set it, as a variable OS_PASSWORD.',
    )
  })

  it("takes the only cloud where nothing else is set, as openstacksdk does", async () => {
    const { bodies } = await askedWith({ files: { "work/clouds.yaml": clouds("otc", PROJECT) } })
    expect(bodies).toMatchObject([{ scope: { project: { name: "eu-de" } } }])
  })

  it("takes the cloud, the file and the endpoint of its options", async () => {
    const server = await keystone()
    const other = await localIam(tokenAnswer("MIIother"))
    const two = `${clouds("a", { ...LOGIN, domain_name: "acme" })}${clouds("b", PROJECT).replace("clouds:\n", "")}`
    await setUp({ env: { CLOUD: "x" }, files: { "two.yaml": two } }, server.url)
    const file = join(home, "two.yaml")
    expect(await osToken({ file, cloudName: "a" })()).toMatchObject({ value: "MIIsubject" })
    expect(await osToken({ file, cloudName: "b", iamEndpoint: other.url })()).toMatchObject({ value: "MIIother" })
    expect(asked(server.arrivals)).toMatchObject([{ scope: { domain: { name: "acme" } } }])
    expect(asked(other.arrivals)).toMatchObject([{ scope: { project: { name: "eu-de" } } }])
  })

  it("asks for a token of the user's account where no scope is named", async () => {
    const { bodies } = await askedWith({ env: VARIABLES })
    expect(bodies).toMatchObject([{ scope: { domain: { name: "other" } } }])
  })

  it("prefers a token, unless OS_AUTH_TYPE asks for the password", async () => {
    const both = { ...VARIABLES, AUTH_TOKEN: "MIIfixed" }
    expect((await askedWith({ env: both })).token.value).toBe("MIIfixed")
    expect((await askedWith({ env: { ...both, AUTH_TYPE: "v3password" } })).token.value).toBe("MIIsubject")
  })

  it("sends a passcode with the user's id", async () => {
    const { bodies } = await askedWith({
      env: { ...VARIABLES, USER_ID: "u1", PASSCODE: "123456", AUTH_TYPE: "v3multifactor" },
    })
    expect(bodies).toMatchObject([
      { identity: { methods: ["password", "totp"], totp: { user: { id: "u1", passcode: "123456" } } } },
    ])
  })

  it("takes a password as it is, with quotes and comment signs", async () => {
    const { bodies } = await askedWith({ env: { ...VARIABLES, PASSWORD: '"a #b ' } })
    expect(bodies).toMatchObject([{ identity: { password: { user: { password: '"a #b ' } } } }])
  })

  it("reads variables and files anew for each token", async () => {
    const server = await localIam(iamError(401, "IAM.0062", "Incorrect password"), tokenAnswer())
    await setUp({ env: { CLOUD: "otc" }, files: { "work/clouds.yaml": clouds("otc", PROJECT) } }, server.url)
    const provider = osToken()
    expect((await rejectionOf(provider(), "hunter2")).code).toBe("AUTH_CREDENTIALS_REJECTED")
    await setUp({ files: { "work/clouds.yaml": clouds("otc", { ...PROJECT, password: "right" }) } }, server.url)
    expect(await provider()).toMatchObject({ value: "MIIsubject" })
    expect(asked(server.arrivals)[1]).toMatchObject({ identity: { password: { user: { password: "right" } } } })
  })

  it("yields what tokenAuth takes", async () => {
    await setUp({ env: { TOKEN: "MIIfixed" } })
    const auth = tokenAuth(osToken())
    const { headers } = await auth.authenticate({
      method: "GET",
      url: "https://ecs.eu-de.otc.t-systems.com/",
      headers: {},
      body: null,
    })
    expect(headers).toEqual({ "x-auth-token": "MIIfixed" })
  })

  it.each([
    [{ cloudName: "" }, "cloudName"],
    [{ file: 5 }, "file"],
    [{ iamEndpoint: "nonsense" }, "iamEndpoint"],
    [{ timeoutMs: 0 }, "timeoutMs"],
  ])("refuses the options %j at once", (options, name) => {
    const error = thrownBy(() => osToken(options as OsTokenOptions))
    expect(error.code).toBe("AUTH_INVALID_OPTION")
    expect(error.message).toContain(name)
  })

  it.each<[string, Setting, code: string, text: string]>([
    ["nothing", {}, "MISSING", "The environment has no login: OS_USERNAME and OS_PASSWORD, or OS_TOKEN"],
    ["an access key alone", { env: { ACCESS_KEY: "AK", SECRET_KEY: "s3cret" } }, "MISSING", "osCredentials()"],
    [
      "several clouds",
      { files: { "work/clouds.yaml": "clouds: { a: {}, b: {} }" } },
      "MISSING",
      "There are several clouds: a, b. Set OS_CLOUD, or pass `cloudName`.",
    ],
    [
      "a cloud that no file has",
      { env: { ...VARIABLES, CLOUD: "x" }, files: { "work/clouds.yaml": clouds("otc", PROJECT) } },
      "INVALID",
      'There is no cloud "x": the files have otc. Correct OS_CLOUD.',
    ],
    [
      "a cloud without any file",
      { env: { CLOUD: "x" } },
      "INVALID",
      'There is no cloud "x": no file of OpenStack has one.',
    ],
    ["no password", { env: { AUTH_URL: "URL/v3", USERNAME: "bob" } }, "INVALID", "names a user without password"],
    ["no address", { env: { ...VARIABLES, AUTH_URL: "" } }, "INVALID", "names a user without auth_url"],
    ["no account", { env: { ...VARIABLES, USER_DOMAIN_NAME: "" } }, "INVALID", "set user_domain_name"],
    [
      "a project without its account",
      { env: { ...VARIABLES, USER_DOMAIN_NAME: "", USER_ID: "u1", PROJECT_NAME: "p" } },
      "INVALID",
      "names a project without its account: set project_domain_name, as a variable OS_PROJECT_DOMAIN_NAME.",
    ],
    ["another way to log in", { env: { ...VARIABLES, AUTH_TYPE: "v3oidcpassword" } }, "INVALID", '"v3oidcpassword"'],
    [
      "an address of version 2",
      { env: { ...VARIABLES, AUTH_URL: "URL/v2.0" } },
      "INVALID",
      "an auth_url of another form",
    ],
    ["an address with a user", { env: { ...VARIABLES, AUTH_URL: "https://u:s3cret@h/v3" } }, "INVALID", "auth_url"],
    ["plain http", { env: { ...VARIABLES, AUTH_URL: "http://iam.example.com/v3" } }, "INSECURE", "plain http"],
    [
      "a variable in quotes",
      { env: { ...VARIABLES, USERNAME: '"bob"' } },
      "INVALID",
      "OS_USERNAME has quotes around it",
    ],
    ["a token with a line break", { env: { TOKEN: "s3cret\nb" } }, "INVALID", "has a token with characters"],
  ])("refuses %s, and shows no secret", async (_, setting, code, text) => {
    await setUp(setting)
    const error = await rejectionOf(osToken()(), "s3cret", "hunter2", "opensesame")
    expect(error.code).toContain(code)
    expect(error.message).toContain(text)
  })
})
