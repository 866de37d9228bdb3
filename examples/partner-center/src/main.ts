// Calls Partner Center through each client, with a token and with AK/SK, and prints what happened.
import { parseArgs } from "node:util"
import { type Auth, agencyToken, akskAuth, autoAuth, passwordToken, TokenCache, tokenAuth } from "@countersign/fetch"
import { type Call, clients } from "./clients.ts"
import { emulatedSetting, LIVE_VARIABLES, liveSetting, missingVariables, type Setting } from "./setting.ts"

const MEGABYTE = 1024 * 1024

interface Step {
  readonly what: string
  readonly auth: Auth
  readonly call: Call
}

interface Row {
  readonly client: string
  readonly what: string
  readonly request: string
  /** The headers that the auth gave the client. */
  readonly sent: string
  readonly answer: string
  readonly iamCalls: string
  readonly ok: boolean
}

/** Records the headers of an auth, attempt by attempt. */
function noting(auth: Auth, notes: string[]): Auth {
  const note = (headers: Readonly<Record<string, string>>): void => {
    notes.push(
      headers["x-auth-token"] === undefined ? (headers.authorization?.split(" ", 1)[0] ?? "nothing") : "X-Auth-Token",
    )
  }
  return {
    ...auth,
    ...(auth.beyondLimit === undefined ? {} : { beyondLimit: noting(auth.beyondLimit, notes) }),
    async authenticate(attempt) {
      const authentication = await auth.authenticate(attempt)
      note(authentication.headers)
      return authentication
    },
  }
}

function stepsOf(setting: Setting, cache: TokenCache): Step[] {
  const { iamEndpoint, user, password, domain, customer, credentials, uploadPath } = setting
  const partner = passwordToken({ iamEndpoint, user, password, domain, scope: { domain } })
  const partnerAuth = tokenAuth(partner, { cache })
  const customerAuth = tokenAuth(agencyToken({ via: partner, ...customer, scope: { domain: customer.domain } }), {
    cache,
  })
  const aksk = akskAuth(credentials)
  const auto = autoAuth({ aksk, token: partnerAuth })
  const query = JSON.stringify({ limit: 10 })
  return [
    {
      what: "partner token: its customers",
      auth: partnerAuth,
      call: { method: "POST", path: "/v2/partners/sub-customers/query", body: query },
    },
    {
      what: "customer token: its balance",
      auth: customerAuth,
      call: { method: "GET", path: "/v2/accounts/customer-accounts/balances" },
    },
    { what: "AK/SK: orders", auth: aksk, call: { method: "GET", path: "/v2/orders/customer-orders?limit=2&offset=0" } },
    ...(uploadPath === undefined
      ? []
      : [
          {
            what: "1 MB: small enough to sign",
            auth: auto,
            call: { method: "PUT" as const, path: uploadPath, body: new Uint8Array(MEGABYTE) },
          },
          {
            what: "13 MB: falls over to the token",
            auth: auto,
            call: { method: "PUT" as const, path: uploadPath, body: new Uint8Array(13 * MEGABYTE) },
          },
        ]),
  ]
}

async function run(client: string, { what, auth, call }: Step, setting: Setting): Promise<Row> {
  const notes: string[] = []
  const before = setting.iamCalls()
  const connect = clients[client]
  if (connect === undefined) throw new RangeError(`There is no client ${client}.`)
  const answer = await connect(setting.endpoint, noting(auth, notes))(call).catch((error: unknown) => error)
  const after = setting.iamCalls()
  return {
    client,
    what,
    request: `${call.method} ${call.path.split("?", 1)[0]}`,
    sent: notes.join(", then "),
    answer: answer instanceof Error ? answer.message : String(answer),
    iamCalls: before === undefined || after === undefined ? "-" : String(after - before),
    ok: answer === 200,
  }
}

function print(rows: readonly Row[]): void {
  const titles = {
    client: "client",
    what: "what",
    request: "request",
    sent: "sent",
    answer: "answer",
    iamCalls: "IAM calls",
  }
  const columns = Object.keys(titles) as (keyof typeof titles)[]
  const widths = columns.map((column) => Math.max(titles[column].length, ...rows.map((row) => row[column].length)))
  const line = (cells: readonly string[]): string =>
    cells
      .map((cell, index) => cell.padEnd(widths[index] ?? 0))
      .join("  ")
      .trimEnd()
  console.log(line(columns.map((column) => titles[column])))
  console.log(line(widths.map((width) => "-".repeat(width))))
  for (const row of rows) console.log(line(columns.map((column) => row[column])) + (row.ok ? "" : "   <- failed"))
}

const HELP = `Calls Partner Center through axios, got, ky and fetch, with tokens and with AK/SK.

  npm run demo             calls the emulator on this machine; needs nothing
  npm run demo -- --live   calls the real endpoints, read-only

A live run reads these environment variables:

${Object.entries(LIVE_VARIABLES)
  .map(([name, meaning]) => `  ${name.padEnd(20)} ${meaning}`)
  .join("\n")}

PARTNER_CENTER_ENDPOINT and HUAWEICLOUD_SDK_IAM_ENDPOINT replace the international endpoints.`

const NEXT = `Next:
  npm run demo -- --live             the same calls to the real endpoints; --help names the variables
  docs/packages/axios.md             ten lines for your client (also got, ky, fetch and undici)
  docs/packages/emulator.md          this local Huawei Cloud, with a live view, for your own program`

/** Runs every step through every client. Returns the exit code. */
async function demo(setting: Setting): Promise<number> {
  // One cache for all clients: the partner's token is fetched once, and so is the customer's.
  const steps = stepsOf(setting, new TokenCache())
  const rows: Row[] = []
  for (const client of Object.keys(clients)) {
    for (const step of steps) rows.push(await run(client, step, setting))
  }
  await setting.close()
  console.log(`Calls to ${setting.name}\n`)
  print(rows)
  const failed = rows.filter(({ ok }) => !ok).length
  const iamCalls = setting.iamCalls() ?? "an unknown number of"
  console.log(
    `\n${rows.length - failed} calls went through, ${failed} failed; IAM was called ${iamCalls} times in all.\n\n${NEXT}`,
  )
  return failed === 0 ? 0 : 1
}

/** Reads the command line. Returns the exit code: 2 when it cannot be understood, or variables are missing. */
async function main(): Promise<number> {
  const options = { live: { type: "boolean" }, help: { type: "boolean", short: "h" } } as const
  const { values } = parseArgs({ options, strict: false })
  const { live = false, help = false, ...unknown } = values
  if (help) {
    console.log(HELP)
    return 0
  }
  const [name] = Object.keys(unknown)
  const missing = live ? missingVariables(process.env) : []
  if (name === undefined && missing.length === 0) {
    return await demo(live ? liveSetting(process.env) : await emulatedSetting())
  }
  const fault = name === undefined ? `--live needs ${missing.join(", ")}.` : `There is no option ${name}.`
  console.error(`${fault}\n\n${HELP}`)
  return 2
}

process.exitCode = await main()
