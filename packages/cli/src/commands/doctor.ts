import { isAuthError } from "@countersign/auth-core"
import { timeInHeader } from "@countersign/auth-core/adapter"
import { explain, explainable } from "@countersign/auth-core/explain"
import { Command } from "commander"
import { authenticatedFetchTo } from "../authenticated-fetch.ts"
import { type Check, checkText } from "../check.ts"
import {
  addHostOptions,
  addIdentityOptions,
  addSigningOptions,
  type IdentityOptions,
  type SigningOptions,
} from "../command-options.ts"
import { environmentChecks } from "../environment-checks.ts"
import { EXIT_CODES, type ExitCode, exitCodeOf, messageOf } from "../exit-code.ts"
import { askChain, type ChainLink, credentialChain } from "../find-credentials.ts"
import { authOf, type Identity, iamOptionsOf, identityOf } from "../identity.ts"
import { withOptionNames } from "../option-names.ts"
import { profileChecks } from "../profile-checks.ts"
import { proxyChecks } from "../proxy-checks.ts"
import { targetUrl } from "../target-url.ts"
import { paint, print, printJson, withProgress } from "../terminal.ts"
import { createTransport, type Transport } from "../transport.ts"
import { iamOriginOf, projectsOf, reasonOf, whoAmI } from "../who-am-i.ts"
import { credentialFacts, labelOf } from "./whoami.ts"

interface DoctorOptions extends IdentityOptions, SigningOptions {
  readonly host?: readonly string[] | undefined
  readonly json?: boolean | undefined
}

const EXAMPLE = `
Examples:
  $ countersign doctor
  $ countersign doctor https://ecs.ap-southeast-1.myhuaweicloud.com/v1/cloudservers/detail --project-id auto`

/** Checks one after the other what authentication depends on. Never shows a secret. */
export function doctorCommand(): Command {
  const command = new Command("doctor")
    .description("Check Node, clock, proxy, variables, files, credentials and IAM; then one request.")
    .argument("[url]", "an API to call with GET")
  return addHostOptions(addSigningOptions(addIdentityOptions(command)))
    .option("--json", "print JSON")
    .addHelpText("after", EXAMPLE)
    .action(async (url: string | undefined, _: unknown, self: Command) => {
      process.exitCode = await doctor(url, self)
    })
}

/** The checks so far, and the exit code of the first that failed. */
interface Examination {
  readonly checks: Check[]
  exitCode: ExitCode
}

async function doctor(target: string | undefined, command: Command): Promise<ExitCode> {
  const options: DoctorOptions = command.optsWithGlobals()
  const url = target === undefined ? undefined : targetUrl(target)
  const transport = await createTransport({ connectTimeoutMs: 10_000 })
  const examination: Examination = { checks: [], exitCode: EXIT_CODES.ok }
  let group = ""
  const add = (found: Check, exitCode: ExitCode = EXIT_CODES.unexpected): void => {
    const check = { ...found, text: withOptionNames(found.text, command) }
    examination.checks.push(check)
    if (check.verdict === "failed" && examination.exitCode === EXIT_CODES.ok) examination.exitCode = exitCode
    if (options.json === true) return
    if (check.group !== group) print(paint("bold", check.group))
    group = check.group
    print(checkText(check))
  }
  try {
    add(nodeCheck(process.version))
    for (const check of tlsChecks(process.env)) add(check)
    for (const check of proxyChecks(process.env, process.version)) add(check, EXIT_CODES.usage)
    for (const check of environmentChecks(process.env)) add(check, EXIT_CODES.credentials)
    for (const check of await profileChecks(options.profileFile)) add(check, EXIT_CODES.credentials)
    const identity = await findIdentity(options, transport, add)
    const isReached = await checkIam(identity, options, transport, add)
    await checkCaller(isReached ? identity : undefined, options, transport, add)
    if (url !== undefined) await checkRequest(url, identity, options, transport, add)
  } finally {
    await transport.close()
  }
  if (options.json === true) printJson(examination)
  return examination.exitCode
}

type Add = (check: Check, exitCode?: ExitCode) => void

function nodeCheck(version: string): Check {
  const [major = 0, minor = 0] = version.replace(/^v/, "").split(".").map(Number)
  const isOld = major < 22 || (major === 22 && minor < 12)
  return isOld
    ? { group: "node", name: "version", verdict: "failed", text: version, fix: "Install Node 22.12 or later." }
    : { group: "node", name: "version", verdict: "ok", text: `${version} on ${process.platform} ${process.arch}` }
}

function tlsChecks(env: NodeJS.ProcessEnv): Check[] {
  const authorities = env.NODE_EXTRA_CA_CERTS
  const isOff = env.NODE_TLS_REJECT_UNAUTHORIZED === "0"
  const check = { group: "node" } as const
  return [
    ...(authorities === undefined
      ? []
      : [{ ...check, name: "NODE_EXTRA_CA_CERTS", verdict: "ok" as const, text: authorities }]),
    ...(isOff
      ? [
          {
            ...check,
            name: "NODE_TLS_REJECT_UNAUTHORIZED",
            verdict: "warning" as const,
            text: "accepts any certificate, so whoever stands between can take the credential",
            fix: "Unset it; NODE_EXTRA_CA_CERTS adds an authority.",
          },
        ]
      : []),
  ]
}

async function findIdentity(options: DoctorOptions, transport: Transport, add: Add): Promise<Identity | undefined> {
  const check = { group: "credentials" } as const
  const isToken = options.tokenFile !== undefined || (process.env.COUNTERSIGN_TOKEN ?? "") !== ""
  if (!isToken) {
    let links: readonly ChainLink[]
    try {
      links = credentialChain(options, iamOptionsOf(options, transport))
    } catch (error) {
      add({ ...check, name: "access key", verdict: "failed", text: messageOf(error) }, exitCodeOf(error))
      return undefined
    }
    const { results } = await withProgress("Asking the sources of credentials", () => askChain(links))
    for (const { name, verdict, reason } of results) {
      if (verdict === "used") add({ ...check, name, verdict: "ok", text: "has the access key in use" })
      else if (verdict === "failed")
        add({ ...check, name, verdict: "failed", text: reason ?? "" }, EXIT_CODES.credentials)
      else
        add({ ...check, name, verdict: "skipped", text: reason ?? "not asked, since a source before it has answered" })
    }
    if (!results.some(({ verdict }) => verdict === "used")) {
      const fix =
        "Set HUAWEICLOUD_SDK_AK and HUAWEICLOUD_SDK_SK, or write a profile with `countersign credentials import`."
      add({ ...check, name: "access key", verdict: "failed", text: "no source has one", fix }, EXIT_CODES.credentials)
      return undefined
    }
  }
  try {
    const identity = await identityOf(options, transport)
    const { accessKeyId, expiry, source } = credentialFacts(identity)
    const name = identity.kind
    add({ ...check, name, verdict: "ok", text: `${accessKeyId ?? "a token"} from ${source}, expires: ${expiry}` })
    return identity
  } catch (error) {
    add({ ...check, name: "credential", verdict: "failed", text: messageOf(error) }, exitCodeOf(error))
    return undefined
  }
}

/** More than this and signatures are refused soon. */
const NOTABLE_SKEW_MS = 60_000
const MOST_SKEW_MS = 15 * 60_000

/** Whether IAM answers, and what its clock says. */
async function checkIam(
  identity: Identity | undefined,
  options: DoctorOptions,
  transport: Transport,
  add: Add,
): Promise<boolean> {
  let origin: string
  try {
    origin = iamOriginOf(options, identity)
  } catch (error) {
    add({ group: "IAM", name: "endpoint", verdict: "failed", text: messageOf(error) }, exitCodeOf(error))
    return false
  }
  try {
    const started = Date.now()
    const response = await withProgress(`Calling ${origin}`, () =>
      transport.fetch(origin, { method: "GET", headers: {}, redirect: "manual", signal: AbortSignal.timeout(10_000) }),
    )
    const ended = Date.now()
    await response.text()
    add(clockCheck(origin, response.headers.get("date"), (started + ended) / 2))
    add({ group: "IAM", name: origin, verdict: "ok", text: `answers in ${ended - started} ms` })
    return true
  } catch (error) {
    const check = { group: "IAM", name: origin, verdict: "failed" } as const
    if (isAuthError(error)) add({ ...check, text: `is not called: ${error.message}` }, exitCodeOf(error))
    else {
      const fix = "Check the name, the network and the proxy."
      add({ ...check, text: `does not answer: ${reasonOf(error)}`, fix }, EXIT_CODES.unreachable)
    }
    return false
  }
}

/** Date counts whole seconds, and the answer takes a moment. */
function clockCheck(origin: string, date: string | null, now: number): Check {
  const check = { group: "clock", name: "this machine" } as const
  const server = timeInHeader(date)
  if (server === undefined) return { ...check, verdict: "skipped", text: `${origin} names no time` }
  const offset = Math.round((now - server - 500) / 1_000)
  const text = `${Math.abs(offset)} s ${offset < 0 ? "behind" : "ahead of"} ${origin}`
  if (Math.abs(offset) * 1_000 < NOTABLE_SKEW_MS) return { ...check, verdict: "ok", text }
  const fix =
    "Set the clock, by NTP. Signatures more than 15 minutes off are refused, and then signed again with the server's time."
  return { ...check, verdict: Math.abs(offset) * 1_000 < MOST_SKEW_MS ? "warning" : "failed", text, fix }
}

async function checkCaller(
  identity: Identity | undefined,
  options: DoctorOptions,
  transport: Transport,
  add: Add,
): Promise<void> {
  const check = { group: "IAM" } as const
  if (identity === undefined) {
    add({ ...check, name: "who am I", verdict: "skipped", text: "there is no credential, or IAM does not answer" })
    return
  }
  try {
    const { notes, ...who } = await withProgress("Asking who this is", () => whoAmI(identity, options, transport))
    const facts = Object.entries(who).flatMap(([name, fact]) =>
      fact === undefined ? [] : [`${name} ${typeof fact === "string" ? fact : labelOf(fact)}`],
    )
    add({ ...check, name: "who am I", verdict: "ok", text: [facts.join(", "), ...notes].join("\n") })
    const projects = await withProgress("Listing the projects", () => projectsOf(identity, options, transport))
    const text = projects.length === 0 ? "none is visible" : projects.map(labelOf).join(", ")
    add({ ...check, name: "projects", verdict: projects.length === 0 ? "warning" : "ok", text })
  } catch (error) {
    add({ ...check, name: "who am I", verdict: "failed", text: messageOf(error) }, exitCodeOf(error))
  }
}

async function checkRequest(
  url: string,
  identity: Identity | undefined,
  options: DoctorOptions,
  transport: Transport,
  add: Add,
): Promise<void> {
  const check = { group: "request", name: `GET ${url.replace(/[?#].*/s, "")}` } as const
  if (identity === undefined) {
    add({ ...check, verdict: "skipped", text: "there is no credential" })
    return
  }
  try {
    const auth = explainable(await authOf(identity, options, transport))
    const send = authenticatedFetchTo(url, auth, options, transport.fetch)
    const response = await withProgress(`Calling ${new URL(url).host}`, () =>
      send(url, { redirect: "manual", signal: AbortSignal.timeout(30_000) }),
    )
    const body = await response.text()
    const { status, headers } = response
    if (status < 400) {
      add({ ...check, verdict: "ok", text: `HTTP ${status}` })
      return
    }
    const credentials = identity.kind === "access key" ? identity.credentials : undefined
    const explanation = explain(
      { status, headers, body },
      { auth, credentials, receivedAt: Date.now(), request: { url: response.url } },
    )
    const isRefused = status === 401 || status === 403
    add(
      { ...check, verdict: "failed", text: `HTTP ${status}\n${explanation}` },
      isRefused ? EXIT_CODES.refused : EXIT_CODES.unexpected,
    )
  } catch (error) {
    const isOurs = exitCodeOf(error) !== EXIT_CODES.unexpected
    const text = isOurs ? messageOf(error) : `no answer: ${reasonOf(error)}`
    add({ ...check, verdict: "failed", text }, isOurs ? exitCodeOf(error) : EXIT_CODES.unreachable)
  }
}
