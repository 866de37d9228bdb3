import { chmod, readdir, readFile, readlink, stat, symlink, writeFile } from "node:fs/promises"
import { join } from "node:path"
import { profileCredentials } from "@countersign/auth-core"
import { describe, expect, it } from "vitest"
import { countersign, inTerminal, noTerminal, temporaryFolder } from "./countersign.ts"

const AK = "HPUAEXAMPLEKEY123456"
const SK = "Sk0Sk1Sk2Sk3Sk4Sk5Sk6Sk7Sk8Sk9Sk0Sk1Sk2S"
const KEY = { accessKeyId: AK, secretAccessKey: SK }

const FILES: Readonly<Record<string, string>> = {
  "of the console": `User Name,Access Key Id,Secret Access Key\nalice,${AK},${SK}\n`,
  "with a BOM, CRLF and quotes": `\uFEFF"User Name","Access Key Id","Secret Access Key"\r\n"alice","${AK}","${SK}"\r\n`,
  "of Terraform": `\uFEFFUser ID,Access Key ID,Secret Access Key\n0123,${AK},${SK}\n`,
  "with blanks and more columns": `Secret access key , Access key ID, Created\n ${SK} , ${AK} ,2026-01-01`,
  "of KooCLI": JSON.stringify({
    current: "work",
    authEncrypt: "false",
    profiles: [{ name: "work", mode: "AKSK", ...KEY, securityToken: "", ssoAuth: { stsToken: { accessKeyId: "" } } }],
  }),
  "of KooCLI by single sign-on": JSON.stringify({
    profiles: [
      { name: "sso", mode: "SSO", accessKeyId: "", ssoAuth: { stsToken: { ...KEY, securityToken: "token" } } },
    ],
  }),
  "clouds.yaml": `clouds:\n  otc:\n    auth:\n      auth_url: https://iam.eu-de.example.com/v3\n      access_key: ${AK}\n      secret_key: ${SK}\n`,
  "an openrc": `#!/bin/sh\nexport OS_AUTH_URL="https://iam.eu-de.example.com/v3"\nexport OS_ACCESS_KEY='${AK}'\nOS_SECRET_KEY=${SK}\n`,
}

// Windows has no modes of files.
const { platform } = process

async function folderWith(files: Readonly<Record<string, string>>): Promise<string> {
  const folder = await temporaryFolder()
  for (const [name, text] of Object.entries(files)) await writeFile(join(folder, name), text)
  return folder
}

describe("countersign credentials import", () => {
  it.each(Object.keys(FILES))("reads a file %s", async (name) => {
    const cwd = await folderWith({ key: FILES[name] ?? "" })
    const { exitCode, stdout, stderr } = await countersign(["credentials", "import", "key"], {
      cwd,
      env: { HOME: cwd },
    })
    const file = join(cwd, ".huaweicloud/credentials")
    expect({ exitCode, stdout, stderr }).toEqual({
      exitCode: 0,
      stdout: `Wrote the access key ${AK} to section [basic] of ${file}.\n`,
      stderr: "",
    })
    expect(await profileCredentials({ file })()).toMatchObject(KEY)
    if (platform === "win32") return
    expect((await stat(file)).mode & 0o777).toBe(0o600)
    expect((await stat(join(cwd, ".huaweicloud"))).mode & 0o777).toBe(0o700)
  })

  it.each(["AKIDAAAABBBBCCCC1234", "LTAIAAAABBBBCCCC1234"])(
    "takes a key that begins like one of another cloud: %s",
    async (key) => {
      const cwd = await folderWith({ key: `Access Key Id,Secret Access Key\n${key},${SK}\n` })
      const { exitCode } = await countersign(["credentials", "import", "key", "--profile-file", "p"], { cwd })
      expect(exitCode).toBe(0)
    },
  )

  it("reads standard input, and keeps what a cloud says of IAM", async () => {
    const cwd = await temporaryFolder()
    const args = ["credentials", "import", "-", "--profile-file", "p", "--section", "otc", "--json"]
    const { stdout } = await countersign(args, { cwd, input: FILES["clouds.yaml"] ?? "" })
    expect(JSON.parse(stdout)).toEqual({ file: "p", section: "otc", accessKeyId: AK, format: "clouds", entry: "otc" })
    expect(await readFile(join(cwd, "p"), "utf8")).toBe(
      `[otc]\nak = ${AK}\nsk = ${SK}\niam_endpoint = https://iam.eu-de.example.com\n`,
    )
  })

  it("replaces no section without being told, and leaves all others as they are", async () => {
    const before = `# mine\n[basic]\nak = OLD\nsk = OLDSK\n\n; theirs\n[global]\nak: G\nsk: GSK\ndomain_id = d\n`
    const cwd = await folderWith({ key: FILES["of the console"] ?? "", p: before })
    await chmod(join(cwd, "p"), 0o644)
    const args = ["credentials", "import", "key", "--profile-file", "p"]
    const refused = await countersign(args, { cwd })
    expect(refused).toMatchObject({
      exitCode: 2,
      stdout: "",
      stderr: expect.stringContaining(
        "p has a section [basic] already: pass --force to replace it, or another --section.",
      ),
    })
    expect(await readFile(join(cwd, "p"), "utf8")).toBe(before)
    expect((await countersign([...args, "--force"], { cwd })).exitCode).toBe(0)
    const after = await readFile(join(cwd, "p"), "utf8")
    expect(after).toBe(`# mine\n\n[basic]\nak = ${AK}\nsk = ${SK}\n\n[global]\nak: G\nsk: GSK\ndomain_id = d\n`)
    if (platform !== "win32") expect((await stat(join(cwd, "p"))).mode & 0o777).toBe(0o600)
    await countersign([...args, "--section", "other"], { cwd })
    expect(await readFile(join(cwd, "p"), "utf8")).toBe(`${after}\n[other]\nak = ${AK}\nsk = ${SK}\n`)
    expect((await readdir(cwd)).sort()).toEqual(["key", "p"])
  })

  // Windows lets only administrators make links.
  it.skipIf(platform === "win32")("follows a link to the file instead of replacing the link", async () => {
    const cwd = await folderWith({ key: FILES["of the console"] ?? "", real: "" })
    await symlink("real", join(cwd, "link"))
    await countersign(["credentials", "import", "key", "--profile-file", "link"], { cwd })
    expect(await readFile(join(cwd, "real"), "utf8")).toContain(AK)
  })

  it.skipIf(platform === "win32")("refuses a link that leads to no file, and leaves it", async () => {
    const cwd = await folderWith({ key: FILES["of the console"] ?? "" })
    await symlink("nowhere/credentials", join(cwd, "link"))
    const refused = await countersign(["credentials", "import", "key", "--profile-file", "link"], { cwd })
    expect(refused).toMatchObject({
      exitCode: 2,
      stdout: "",
      stderr:
        "countersign: link is a link to nowhere/credentials, which leads to no file: create that file, or remove the link.\n",
    })
    expect(await readlink(join(cwd, "link"))).toBe("nowhere/credentials")
    expect((await readdir(cwd)).sort()).toEqual(["key", "link"])
  })

  it("says that a folder cannot be written", async () => {
    const cwd = await folderWith({ key: FILES["of the console"] ?? "", file: "" })
    const refused = await countersign(["credentials", "import", "key", "--profile-file", "file/p"], { cwd })
    expect(refused).toMatchObject({ exitCode: 2, stderr: expect.stringMatching(/^countersign: file\/p cannot be /) })
  })

  it("asks on a terminal whether to replace a section", async ({ skip }) => {
    skip(noTerminal !== undefined, noTerminal)
    const cwd = await folderWith({ key: FILES["of the console"] ?? "", p: "[basic]\nak = OLD\nsk = OLDSK\n" })
    const args = ["credentials", "import", join(cwd, "key"), "--profile-file", join(cwd, "p")]
    const no = await inTerminal(args, { answers: [["Replace it?", "n"]] })
    expect(no).toMatchObject({ exitCode: 2, screen: expect.stringContaining("pass --force") })
    const yes = await inTerminal(args, { answers: [["Replace it?", "y"]] })
    expect(yes).toMatchObject({ exitCode: 0, screen: expect.stringContaining("Wrote the access key") })
    expect(yes.raw).not.toContain(SK)
  })

  const two = `User Name,Access Key Id,Secret Access Key\nalice,${AK},${SK}\nbob,B${AK.slice(1)},${SK}\n`

  it("takes the entry that is named", async () => {
    const cwd = await folderWith({ key: two })
    const args = ["credentials", "import", "key", "--profile-file", "p"]
    expect(await countersign(args, { cwd })).toMatchObject({
      exitCode: 2,
      stderr: expect.stringContaining("several entries: alice, bob"),
    })
    await countersign([...args, "--entry", "bob"], { cwd })
    expect(await readFile(join(cwd, "p"), "utf8")).toContain(`ak = B${AK.slice(1)}`)
  })

  it.each([
    ["nothing", "", "does not look like a credentials.csv"],
    ["a swapped key", `Access Key Id,Secret Access Key\n${SK},${AK}\n`, "the two are likely swapped"],
    ["a swapped key of OpenStack", `clouds: { c: { auth: { ak: ${SK}, sk: ${AK} } } }\n`, "the two are likely swapped"],
    [
      "a file of Tencent Cloud",
      `Access Key Id,Secret Access Key\nAKIDz8krbsJ5yKBZQpn74WFkmLPx3gnPhESA,${SK}\n`,
      "an access key of Tencent Cloud",
    ],
    [
      "a file of AWS",
      `User name,Access key ID,Secret access key\na,AKIAIOSFODNN7EXAMPLE,${SK}\n`,
      "an access key of AWS",
    ],
    ["a placeholder", `Access Key Id,Secret Access Key\nyour_access_key_id,${SK}\n`, "a placeholder"],
    ["half a key", `Access Key Id,Secret Access Key\n${AK},\n`, "has no secret access key"],
    ["KooCLI's encrypted file", JSON.stringify({ authEncrypt: "true", profiles: [KEY] }), "--cli-auth-encrypt=false"],
    [
      "a user of OpenStack",
      "clouds:\n  c:\n    auth: { username: alice, password: hunter2 }\n",
      "by password, which a profile cannot hold",
    ],
    ["malformed YAML", `clouds:\n  c: [${SK}\n`, "is malformed"],
    ["malformed JSON", `{ "sk": "${SK}" `, "is malformed"],
    ["a key in quotes of the wrong kind", `Access Key Id,Secret Access Key\n${AK},'${SK}'\n`, "quotes"],
    [
      "a token with a line break",
      `clouds:\n  c:\n    auth:\n      ak: ${AK}\n      sk: ${SK}\n      security_token: "hunter2\\n[basic]"\n`,
      "The value of security_token holds a line break",
    ],
    [
      "a project with a carriage return",
      `clouds:\n  c:\n    auth: { ak: ${AK}, sk: ${SK}, project_id: "a\\rb" }\n`,
      "The value of project_id holds a line break",
    ],
    [
      "a token that would be read otherwise",
      `clouds:\n  c:\n    auth: { ak: ${AK}, sk: ${SK}, security_token: "hunter2 " }\n`,
      "would be read with another securityToken",
    ],
    ["a script without a key", "export OS_REGION_NAME=eu-de\n", "has no access key id"],
    [
      "a script that asks for the key",
      `export OS_ACCESS_KEY=${AK}\nexport OS_SECRET_KEY=$INPUT\n`,
      "has no secret access key",
    ],
    [
      "a profile of KooCLI that has no key of its own",
      JSON.stringify({ profiles: [{ name: "a", mode: "AssumeRole", ...KEY }] }),
      "has no access key id: in the mode AssumeRole, KooCLI gets one elsewhere.",
    ],
    [
      "a value that YAML takes for a number",
      `clouds: { c: { auth: { ak: ${AK}, sk: 0x1f } } }\n`,
      "put quotes around it",
    ],
    [
      "an address of no IAM",
      `clouds: { c: { auth: { ak: ${AK}, sk: ${SK}, auth_url: "https://h/ecs/v3" } } }\n`,
      "has an auth_url of another form",
    ],
  ])("refuses %s, and shows no secret", async (_, text, message) => {
    const cwd = await folderWith({ key: text })
    const refused = await countersign(["credentials", "import", "key", "--profile-file", "p"], { cwd })
    expect(refused).toMatchObject({ stdout: "", stderr: expect.stringContaining(message) })
    expect([2, 3]).toContain(refused.exitCode)
    expect(refused.stderr).not.toMatch(new RegExp(`${SK}|hunter2`))
    expect(await readdir(cwd)).toEqual(["key"])
  })
})
