import { execFile } from "node:child_process"
import { existsSync } from "node:fs"
import { readFile, writeFile } from "node:fs/promises"
import { createServer as createHttpServer } from "node:http"
import { createServer as createHttpsServer } from "node:https"
import { type AddressInfo, createServer } from "node:net"
import { join } from "node:path"
import { promisify } from "node:util"
import { hasSystemTool, selfSigned } from "@countersign/testkit"
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from "vitest"
import { type Cloud, countersign, inShell, inTerminal, noTerminal, startCloud, temporaryFolder } from "./countersign.ts"

interface Echo {
  readonly method: string
  readonly target: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: { readonly text: string }
}

describe("countersign curl", () => {
  let cloud: Cloud
  beforeAll(async () => {
    cloud = await startCloud()
  })
  afterAll(() => cloud.emulator.close())

  const url = (path: string): string => cloud.emulator.url + path
  const echoOf = async (args: readonly string[], options: { input?: string; cwd?: string } = {}): Promise<Echo> => {
    const run = await countersign(["curl", ...args], { env: cloud.env, ...options })
    expect(run).toMatchObject({ exitCode: 0, stderr: "" })
    return JSON.parse(run.stdout) as Echo
  }

  it.skipIf(process.platform === "win32")(
    "begins the explanation in a line of its own where both streams go into one file",
    async () => {
      const env = { ...cloud.env, HUAWEICLOUD_SDK_SK: "of-somebody-else" }
      const { stdout } = await inShell(`countersign curl -s ${url("/v1/x")} 2>&1`, env)
      cloud.emulator.faults.reset()
      expect(stdout).toMatch(/\}\n\S.* \(wrong-secret-key, certain\)$/m)
    },
  )

  it("says that nothing was sent to a port that fetch refuses", async () => {
    const refused = await countersign(["curl", "http://127.0.0.1:1/"], { env: cloud.env })
    expect(refused).toMatchObject({ exitCode: 2, stderr: expect.stringContaining("Nothing was sent to 127.0.0.1:1.") })
    expect(refused.stderr).not.toMatch(/No answer|bad port/)
  })

  it("names its own option for a body that AK/SK cannot sign", async () => {
    const cwd = await temporaryFolder()
    await writeFile(join(cwd, "large"), Buffer.alloc(12 * 1024 * 1024 + 1))
    const refused = await countersign(["curl", "--data-binary", "@large", url("/v1/x")], { env: cloud.env, cwd })
    expect(refused).toMatchObject({ exitCode: 2, stderr: expect.stringContaining("use a token, with --token-file.") })
    expect(refused.stderr).not.toMatch(/tokenAuth|autoAuth/)
  })

  it("sends what the gateway accepts, and shows the answer", async () => {
    expect(await echoOf([url("/v1/a?b=1"), "-s"])).toMatchObject({ method: "GET", target: "/v1/a?b=1" })
  })

  it.each<[string, string[], Partial<Echo>]>([
    ["-d joins its values", ["-d", "a=1", "-d", "b=2"], { method: "POST", body: { text: "a=1&b=2" } }],
    ["-d @file leaves line breaks out", ["-d", "@text"], { body: { text: "first second" } }],
    ["--data-raw keeps an @", ["--data-raw", "@text"], { body: { text: "@text" } }],
    ["--data-binary keeps line breaks", ["--data-binary", "@text"], { body: { text: "first \r\nsecond\n" } }],
    ["--data-binary @- reads standard input", ["--data-binary", "@-"], { body: { text: "from a pipe" } }],
    ["--data-urlencode encodes", ["--data-urlencode", "a=b c&d"], { body: { text: "a=b%20c%26d" } }],
    [
      "-G puts data into the query",
      ["-G", "-d", "a=1", "--data-urlencode", "b=x y"],
      { method: "GET", target: "/v1/x?q=0&a=1&b=x%20y" },
    ],
    ["--data-urlencode takes = before @", ["--data-urlencode", "a@b=c@d"], { body: { text: "a@b=c%40d" } }],
    ["--data-urlencode leaves the first = out", ["--data-urlencode", "=x=@y"], { body: { text: "x%3D%40y" } }],
    ["--data-urlencode encodes content alone", ["--data-urlencode", "x y&z"], { body: { text: "x%20y%26z" } }],
    ["--data-urlencode reads a file", ["--data-urlencode", "@text"], { body: { text: "first%20%0D%0Asecond%0A" } }],
    ["--data-urlencode names a file", ["--data-urlencode", "n@text"], { body: { text: "n=first%20%0D%0Asecond%0A" } }],
    ["-X chooses the method", ["-XPUT", "-d", "x"], { method: "PUT" }],
    ["-X GET sends a body too", ["-X", "GET", "-d", "x=1"], { method: "GET", body: { text: "x=1" } }],
    ["-I asks for headers", ["-X", "DELETE"], { method: "DELETE" }],
  ])("%s", async (_, args, echo) => {
    const cwd = await temporaryFolder()
    await writeFile(join(cwd, "text"), "first \r\nsecond\n")
    expect(await echoOf([...args, url("/v1/x?q=0")], { cwd, input: "from a pipe" })).toMatchObject(echo)
  })

  it("-G puts data before the fragment", async () => {
    expect(await echoOf(["-G", "-d", "x=1", url("/v1/x#top?")])).toMatchObject({ target: "/v1/x?x=1" })
    expect(await echoOf(["-G", "-d", "x=#1", url("/v1/x?q=0#top")])).toMatchObject({ target: "/v1/x?q=0&x=%231" })
  })

  it("sends the headers that curl sends, and shows them with -v", { timeout: 60_000 }, async () => {
    const run = await countersign(["curl", "-v", "--compressed", "-d", "a=1", url("/v1/x")], { env: cloud.env })
    const { headers } = JSON.parse(run.stdout) as Echo
    const shown = run.stderr.match(/(?<=^> )[\w-]+(?=: )/gm) ?? []
    expect(shown).toContain("authorization")
    // The emulator keeps it back.
    const expected = [...shown, "connection", "content-length"].filter((name) => name !== "authorization")
    expect(Object.keys(headers).toSorted()).toEqual(expected.toSorted())
    expect(headers).toMatchObject({ accept: "*/*", "accept-encoding": "gzip, deflate, br" })
    const own = await echoOf(["-H", "Accept-Language: de", url("/v1/x")])
    expect(own.headers).toMatchObject({ "accept-language": "de" })
  })

  it("sends no header `X:`, and an empty header `X;`", async () => {
    const unsent = ["Accept", "user-agent", "X-Own", "Content-Type"].flatMap((name) => ["-H", `${name}:`])
    const { headers } = await echoOf([...unsent, "-H", "X-Empty;", "-d", "x", url("/v1/x")])
    for (const name of ["accept", "user-agent", "x-own", "content-type"]) expect(headers).not.toHaveProperty(name)
    expect(headers).toMatchObject({ "x-empty": "" })
  })

  it("sends JSON, forms, and headers of its options", async () => {
    const json = await echoOf([
      "--json",
      `{"a":1}`,
      url("/v1/x"),
      "-A",
      "me",
      "-e",
      "https://example.com/",
      "-b",
      "a=b",
    ])
    expect(json).toMatchObject({
      method: "POST",
      body: { text: `{"a":1}` },
      headers: {
        "content-type": "application/json",
        accept: "application/json",
        "user-agent": "me",
        referer: "https://example.com/",
      },
    })
    const cwd = await temporaryFolder()
    await writeFile(join(cwd, "photo.png"), "bytes")
    const form = await echoOf(["-F", "name=value", "-F", "file=@photo.png;type=image/png", url("/v1/x")], { cwd })
    expect(form.headers["content-type"]).toMatch(/^multipart\/form-data; boundary=/)
    expect(form.body.text).toMatch(/name="file"; filename="photo\.png"\r\nContent-Type: image\/png\r\n\r\nbytes\r\n/)
    const own = await echoOf(["-d", "x", "-H", "Content-Type: text/plain", "-H", "X-Own: 1", url("/v1/x")])
    expect(own.headers).toMatchObject({
      "content-type": "text/plain",
      "x-own": "1",
      "user-agent": expect.stringMatching(/^countersign\/\d/),
    })
  })

  it("sends a form whose Content-Type is named without its boundary", async () => {
    const form = await echoOf(["-F", "a=b", "-H", "content-type: multipart/form-data", url("/v1/x")])
    const [, boundary = "none"] =
      /^multipart\/form-data; boundary=(\S+)$/.exec(form.headers["content-type"] ?? "") ?? []
    expect(form.body.text).toContain(`--${boundary}--\r\n`)
  })

  it("sends the bytes of a file that is not UTF-8 as they are", async () => {
    const cwd = await temporaryFolder()
    await writeFile(join(cwd, "bytes"), Buffer.from("61fffe620d0a63", "hex"))
    const bodies: string[] = []
    const server = createHttpServer(async (request, response) => {
      const chunks: Buffer[] = []
      for await (const chunk of request) chunks.push(chunk as Buffer)
      bodies.push(`${request.url} ${Buffer.concat(chunks).toString("latin1")}`)
      response.end()
    })
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve))
    onTestFinished(() => void server.close())
    const local = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`
    for (const args of [
      ["-d", "@bytes"],
      ["--data-urlencode", "n@bytes"],
      ["-G", "-d", "@bytes"],
      ["-F", "n=<bytes"],
    ]) {
      expect(await countersign(["curl", ...args, local], { env: cloud.env, cwd })).toMatchObject({ exitCode: 0 })
    }
    expect(bodies).toEqual([
      "/ a\xff\xfebc",
      "/ n=a%FF%FEb%0D%0Ac",
      "/?a%FF%FEbc ",
      expect.stringContaining(`name="n"\r\n\r\na\xff\xfeb\r\nc\r\n--`),
    ])
  })

  it("shows headers with -i and -I, and both ways with -v, secrets hidden", async () => {
    const included = await countersign(["curl", "-i", url("/v1/x")], { env: cloud.env })
    expect(included.stdout).toMatch(/^HTTP\/1\.1 200 OK\n(?:[\w-]+: .*\n)+\n\{/)
    const head = await countersign(["curl", "-I", url("/v1/x")], { env: cloud.env })
    expect(head.stdout).toMatch(/^HTTP\/1\.1 200 OK\n(?:[\w-]+: .*\n)+\n$/)
    const both = await countersign(["curl", "-v", url("/v1/x?a=1")], { env: cloud.env })
    expect(both.stderr).toMatch(/^> GET \/v1\/x\?a=1 HTTP\/1\.1\n> host: 127/)
    expect(both.stderr).toContain("> authorization: [hidden]\n")
    expect(both.stderr).toContain("< HTTP/1.1 200 OK\n")
  })

  it("shows each attempt with its answer with -v", async () => {
    cloud.emulator.faults.redirect("/v1/y", { times: 1 })
    const { exitCode, stderr } = await countersign(["curl", "-v", "-L", url("/v1/x")], { env: cloud.env })
    expect(exitCode).toBe(0)
    expect(stderr.match(/^(?:> GET|< HTTP\/).*$/gm)).toEqual([
      "> GET /v1/x HTTP/1.1",
      "< HTTP/1.1 302 Found",
      "> GET /v1/y HTTP/1.1",
      "< HTTP/1.1 200 OK",
    ])
    expect(stderr.match(/^[<>]$/gm)).toEqual([">", "<", ">", "<"])
  })

  it("hides tokens and cookies of both ways with -v", async () => {
    const server = createHttpServer((_, response) => {
      response.writeHead(200, { "X-Subject-Token": "secret-1", "Set-Cookie": ["sid=secret-2", "b=secret-3"] }).end()
    })
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve))
    onTestFinished(() => void server.close())
    const local = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`
    const headers = ["-b", "sid=secret-4", "-H", "X-Subject-Token: secret-5", "-H", "X-Api-Key: secret-6"]
    const args = ["curl", "-v", ...headers, `${local}?limit=1&access_token=secret-7`]
    const { exitCode, stderr } = await countersign(args, { env: cloud.env })
    expect(exitCode).toBe(0)
    expect(stderr).not.toContain("secret-")
    expect(stderr).toContain("> GET /?limit=1&access_token=[hidden] HTTP/1.1\n")
    for (const line of ["> cookie", "> x-api-key", "> x-subject-token", "< x-subject-token", "< set-cookie"]) {
      expect(stderr).toContain(`${line}: [hidden]\n`)
    }
    expect(stderr).toMatch(/^> x-sdk-date: \d/m)
    const shown = await countersign([...args, "--show-secrets"], { env: cloud.env })
    for (const number of [1, 2, 3, 4, 5, 6, 7]) expect(shown.stderr).toContain(`secret-${number}`)
    const included = await countersign(["curl", "-i", local], { env: cloud.env })
    expect(included.stdout).toContain("x-subject-token: secret-1\n")
  })

  it("writes the body to a file", async () => {
    const cwd = await temporaryFolder()
    expect(await countersign(["curl", "-o", "answer", url("/v1/x")], { env: cloud.env, cwd })).toMatchObject({
      exitCode: 0,
      stdout: "",
    })
    expect(JSON.parse(await readFile(join(cwd, "answer"), "utf8"))).toMatchObject({ method: "GET" })
    const nowhere = await countersign(["curl", "-o", "no/such/folder", url("/v1/x")], { env: cloud.env, cwd })
    expect(nowhere).toMatchObject({ exitCode: 2, stderr: expect.stringContaining("The output file cannot be written") })
  })

  it.skipIf(process.platform === "win32")("shows no stack trace when its output has no reader or no room", async () => {
    const target = `'${url("/v1/x")}'`
    const pipe = await inShell(`countersign curl -v ${target} 2>&1 | head -n 1`, cloud.env)
    expect(pipe).toEqual({ exitCode: 0, stdout: "> GET /v1/x HTTP/1.1\n", stderr: "" })
    // The body still goes out when nobody reads the notes.
    const body = await inShell(`{ countersign curl -v ${target} 2>&1 >&3 | true; } 3>&1`, cloud.env)
    expect(body).toMatchObject({ exitCode: 0, stdout: expect.stringContaining(`"method":"GET"`), stderr: "" })
    if (!existsSync("/dev/full")) return
    for (const to of ["> /dev/full", "-o /dev/full"]) {
      const full = await inShell(`countersign curl ${target} ${to}`, cloud.env)
      expect(full).toMatchObject({ exitCode: 1, stdout: "" })
      expect(full.stderr).toMatch(/^countersign: The output (?:file )?cannot be written: ENOSPC.*\n$/)
    }
    const notes = await inShell(`countersign curl -v ${target} 2> /dev/full`, cloud.env)
    expect(notes).toMatchObject({ exitCode: 1 })
  })

  it("explains a refusal on standard error, and ends with 4, or with 22 with -f", async () => {
    const env = { ...cloud.env, HUAWEICLOUD_SDK_SK: "of-somebody-else" }
    const refused = await countersign(["curl", url("/v1/x")], { env })
    expect(refused).toMatchObject({ exitCode: 4, stdout: expect.stringContaining("APIGW.0301") })
    expect(refused.stderr).toMatch(/\(wrong-secret-key, /)
    expect(refused.stderr).not.toContain("of-somebody-else")
    const failed = await countersign(["curl", "-fsS", url("/v1/x")], { env })
    expect(failed).toMatchObject({ exitCode: 22, stdout: "", stderr: expect.stringContaining("(wrong-secret-key, ") })
    const json = await countersign(["--json", "curl", url("/v1/x")], { env })
    expect(JSON.parse(json.stdout)).toMatchObject({ status: 401, explanation: { cause: "wrong-secret-key" } })
    cloud.emulator.faults.unlock(cloud.emulator.accounts.partner.user.credentials)
  })

  it("sends the same requests as curl", { timeout: 60_000 }, async ({ skip }) => {
    skip(!hasSystemTool("curl"), "there is no curl")
    const cwd = await temporaryFolder()
    await writeFile(join(cwd, "p.png"), Buffer.from("3c620aff0d", "hex"))
    await writeFile(join(cwd, "t.txt"), "q\n")
    await writeFile(join(cwd, "a;b,c"), "x")
    let received = ""
    const server = createHttpServer(async (request, response) => {
      const chunks: Buffer[] = []
      for await (const chunk of request) chunks.push(chunk as Buffer)
      const { "content-type": type, "content-length": length } = request.headers
      received = `${request.method} ${request.url} ${type} ${length}\n${Buffer.concat(chunks).toString("latin1")}`
      response.end()
    })
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve))
    onTestFinished(() => void server.close())
    const local = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`
    /** Boundaries are random, and of another length in newer releases of curl. */
    const shown = (): string =>
      received.replaceAll(/-{20,}[\w-]+?(?=\r|--\r| )/g, "BOUNDARY").replace(/(BOUNDARY) \d+/, "$1")
    const fields = [
      "n=v;type=text/html",
      "n=v; type=text/html;charset=x ",
      "n=<p.png",
      "n=<t.txt",
      "n=<t.txt;type=text/css",
      "n=@p.png; filename=x.y ; type=a/b;charset=c",
      `n=@"a;b,c"`,
      `n="a;b\\"c";filename=z.txt`,
      `n=@t.txt;filename="a\\"b"`,
      "n= v ;foo=bar",
      "n=a\nb",
      `n"x="abc`,
    ].flatMap((field) => ["-F", field])
    const others = [
      ["-X", "GET", "-d", "a=1", "-d", "@t.txt"],
      ["--data-urlencode", "é@b=ü&c"],
      ["-d", ""],
    ]
    for (const args of [fields, ...others]) {
      await promisify(execFile)("curl", ["-s", ...args, local], { cwd })
      const expected = shown()
      expect(await countersign(["curl", ...args, local], { env: cloud.env, cwd })).toMatchObject({ exitCode: 0 })
      expect(shown()).toBe(expected)
    }
  })

  it("follows redirects only with -L", async () => {
    cloud.emulator.faults.redirect("/v1/target", { target: "/v1/from" })
    onTestFinished(() => cloud.emulator.faults.reset())
    const stays = await countersign(["curl", "-i", url("/v1/from")], { env: cloud.env })
    expect(stays.stdout).toMatch(/^HTTP\/1\.1 302 /)
    expect(await echoOf(["-L", url("/v1/from")])).toMatchObject({ target: "/v1/target" })
  })

  it("takes a token from standard input", async () => {
    const { user, domain } = cloud.emulator.accounts.partner
    const env = { ...cloud.reach, COUNTERSIGN_PASSWORD: user.password }
    const { stdout: token } = await countersign(["token", "--user", user.name, "--domain", domain.name], { env })
    const run = await countersign(["curl", "--token-file", "-", url("/v1/x")], { env: cloud.reach, input: token })
    expect(JSON.parse(run.stdout)).toMatchObject({ caller: { domain: domain.name } })
  })

  it("takes -k for this machine's own servers only", async () => {
    const server = createHttpsServer(selfSigned("127.0.0.1"), (_, response) => response.end("over TLS"))
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve))
    onTestFinished(() => void server.close())
    const local = `https://127.0.0.1:${(server.address() as AddressInfo).port}/`
    expect(await countersign(["curl", local], { env: cloud.env })).toMatchObject({
      exitCode: 5,
      stdout: "",
      stderr: expect.stringContaining("certificate"),
    })
    expect(await countersign(["curl", "-sk", local], { env: cloud.env })).toMatchObject({
      exitCode: 0,
      stdout: "over TLS",
    })
  })

  it("gives up after the longest time", async () => {
    cloud.emulator.faults.delay(10_000, { target: "/v1/slow" })
    onTestFinished(() => cloud.emulator.faults.reset())
    const slow = await countersign(["curl", "-m", "0.2", url("/v1/slow")], { env: cloud.env })
    expect(slow).toMatchObject({
      exitCode: 5,
      stdout: "",
      stderr: expect.stringContaining("The time for an answer was over."),
    })
  })

  it.each([
    [["-u", "user:hunter2"], 2, "countersign authenticates by AK/SK or token: leave -u out."],
    [["-x", "proxy"], 2, "Set HTTPS_PROXY"],
    [["-k"], 2, "-k is for this machine's own servers only"],
    [["-m", "soon"], 2, "A time is a number of seconds, such as 2.5, not soon."],
    [["-d", "a", "--json", "b"], 2, "Use one of -d, --json and -F"],
    [["-F", "nothing"], 2, "A form field must be name=value"],
    [["-F", "a=@one,two"], 2, "repeat -F"],
    [["-F", "a=b;type=text"], 2, "A type in a form field must be such as text/plain, not text."],
    [["-F", "a=b;encoder=base64"], 2, ";encoder= in a form field is not supported"],
    [["-I", "-d", "x"], 2, "-I asks for the headers, and sends no body"],
    [["-G", "-F", "a=b"], 2, "-G puts data into the query"],
    [["-d", "@missing"], 2, "missing cannot be read"],
    [["-H", "Authorization: hunter2"], 2, "Leave the header Authorization out"],
    [["-H", "X-Apig-AppCode: hunter2"], 2, "Leave the header X-Apig-AppCode out"],
    [["--token-file", "-", "--section", "x"], 2, "--token-file does not go with --section"],
    [["--host", "https://x/"], 2, "countersign: --host takes host names"],
    [["--nonsense"], 2, "unknown option '--nonsense'"],
  ])("refuses %j", async (args, exitCode, message) => {
    const refused = await countersign(["curl", ...args, "https://ecs.myhuaweicloud.com/"], { env: cloud.env })
    expect(refused).toMatchObject({ exitCode, stdout: "", stderr: expect.stringContaining(message) })
    expect(refused.stderr).not.toContain("hunter2")
  })

  it.each([
    "https://user:hunter2@127.0.0.1/",
    "user:hunter2@127.0.0.1",
    "https://user:hun/ter2@127.0.0.1/",
    "ftp://u:hunter2@h",
  ])("refuses a password in the URL, and does not show it: %s", async (target) => {
    for (const args of [
      ["curl", target],
      ["sign", "GET", target],
      ["doctor", target],
    ]) {
      const refused = await countersign(args, { env: cloud.env })
      expect(refused).toMatchObject({ exitCode: 2, stdout: "" })
      expect(refused.stderr).toContain("Leave the user name and password out of the URL")
      expect(refused.stderr).not.toMatch(/hunter2|ter2/)
    }
  })

  it("says once that a host gets no credential", async () => {
    const bare = await countersign(["curl", "https://example.com/"], { env: cloud.env })
    expect(bare).toEqual({
      exitCode: 2,
      stdout: "",
      stderr:
        "countersign: example.com is not one of Huawei Cloud's own API hosts, so it gets no credential: add --host example.com if it may have one.\n",
    })
  })

  it("names its own option where plain http is refused", async () => {
    const clear = await countersign(["curl", "--host", "10.1.2.3", "http://10.1.2.3/x"], { env: cloud.env })
    expect(clear).toMatchObject({ exitCode: 2, stdout: "", stderr: expect.stringMatching(/set --allow-insecure\b/) })
  })

  it("says so when nobody answers", async () => {
    const server = createServer()
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve))
    const { port } = server.address() as AddressInfo
    await new Promise((resolve) => server.close(resolve))
    const nobody = await countersign(["curl", `http://127.0.0.1:${port}/`], { env: cloud.env })
    expect(nobody).toMatchObject({
      exitCode: 5,
      stdout: "",
      stderr: expect.stringContaining("Nothing listens at that address."),
    })
  })

  it("shows a spinner on a terminal, and leaves nothing of it", async ({ skip }) => {
    skip(noTerminal !== undefined, noTerminal)
    const { exitCode, raw, screen } = await inTerminal(["curl", url("/v1/x")], { env: cloud.env })
    expect({ exitCode, screen }).toEqual({ exitCode: 0, screen: expect.stringContaining(`"method":"GET"`) })
    expect(raw).not.toContain("Signature=")
  })
})
