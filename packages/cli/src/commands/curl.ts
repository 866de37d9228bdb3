import { createWriteStream } from "node:fs"
import { pipeline } from "node:stream/promises"
import { isAuthError } from "@countersign/auth-core"
import { type ExplainContext, explain, explainable } from "@countersign/auth-core/explain"
import { Command, Option } from "commander"
import { authenticatedFetchTo } from "../authenticated-fetch.ts"
import { type BodyPart, buildBody, type SentBody } from "../build-body.ts"
import {
  addHeaderOptions,
  addHostOptions,
  addIdentityOptions,
  addSigningOptions,
  type IdentityOptions,
  type SigningOptions,
} from "../command-options.ts"
import { CommandError, EXIT_CODES, type ExitCode } from "../exit-code.ts"
import { authOf, identityOf } from "../identity.ts"
import { ownVersion } from "../own-version.ts"
import { paintExplanation } from "../paint-explanation.ts"
import { isSent, parseHeaders, shownHeaderValue, shownQuery } from "../parse-headers.ts"
import { targetUrl } from "../target-url.ts"
import { isTerminal, maySecretsShow, note, print, printJson, withProgress } from "../terminal.ts"
import { createTransport, isLoopbackUrl, type Transport, type UndiciFetch } from "../transport.ts"
import { reasonOf } from "../who-am-i.ts"

interface CurlOptions extends IdentityOptions, SigningOptions {
  readonly request?: string | undefined
  readonly header?: readonly string[] | undefined
  readonly get?: boolean | undefined
  readonly head?: boolean | undefined
  readonly include?: boolean | undefined
  readonly verbose?: boolean | undefined
  readonly silent?: boolean | undefined
  readonly fail?: boolean | undefined
  readonly output?: string | undefined
  readonly location?: boolean | undefined
  readonly insecure?: boolean | undefined
  readonly compressed?: boolean | undefined
  readonly userAgent?: string | undefined
  readonly referer?: string | undefined
  readonly cookie?: string | undefined
  readonly maxTime?: number | undefined
  readonly connectTimeout?: number | undefined
  readonly host?: readonly string[] | undefined
  readonly showSecrets?: boolean | undefined
}

const EXAMPLE = `
It takes curl's options of these names. The result as JSON: countersign --json curl …

Examples:
  $ countersign curl https://ecs.ap-southeast-1.myhuaweicloud.com/v1/cloudservers/detail --project-id auto
  $ countersign curl -X POST https://bss-intl.myhuaweicloud.com/v2/orders/payments --json @order.json
  $ countersign token --user partner-operator --domain partner-account |
      countersign curl --token-file - https://iam.myhuaweicloud.com/v3/auth/projects`

/** Sends an authenticated request as curl would, shows the answer, and explains a refusal. */
export function curlCommand(): Command {
  const parts: BodyPart[] = []
  const part = (kind: BodyPart["kind"]) => (value: string) => void parts.push({ kind, value })
  const command = addHeaderOptions(new Command("curl"))
    .description("Send an authenticated request, with curl's common options. A refusal is explained.")
    .argument("<url>", "the URL to call, of http or https")
    .option("-X, --request <method>", "method")
    .option("-d, --data <text>", "send a form; @FILE reads it from a file, without line breaks", part("data"))
    .option("--data-raw <text>", "the same, where @ has no meaning", part("raw"))
    .option("--data-binary <text>", "send these bytes; @FILE reads them from a file", part("binary"))
    .option("--data-urlencode <text>", "send a form field and encode its value", part("urlencode"))
    .option("--json <text>", "send JSON; @FILE reads it from a file", part("json"))
    .option("-F, --form <field>", "send a multipart form: name=value, name=@FILE, name=<FILE", part("form"))
    .option("-G, --get", "put the data into the query")
    .option("-I, --head", "ask for the headers only")
    .option("-i, --include", "show the headers of the answer too")
    .option("-v, --verbose", "show what is sent and received, on standard error")
    .option("-s, --silent", "show no progress")
    .option("-S, --show-error", "show errors with -s too, as is always done")
    .option("-f, --fail", "on an HTTP error show no body, and end with 22")
    .option("-o, --output <file>", "write the body to a file")
    .option("-L, --location", "follow redirects")
    .option("-k, --insecure", "accept any certificate, of this machine's own servers only")
    .option("--compressed", "ask for a compressed answer")
    .option("-A, --user-agent <name>", "User-Agent")
    .option("-e, --referer <url>", "Referer")
    .option("-b, --cookie <data>", "Cookie")
    .option("-m, --max-time <seconds>", "longest time for the whole call", seconds)
    .option("--connect-timeout <seconds>", "longest time for the connection", seconds)
    .addOption(refused("-u, --user <login>", "countersign authenticates by AK/SK or token: leave -u out."))
    .addOption(refused("-x, --proxy <url>", "Set HTTPS_PROXY or HTTP_PROXY instead of -x."))
  return addHostOptions(addSigningOptions(addIdentityOptions(command)))
    .option("--show-secrets", "show signature and token with -v, and on a terminal with -i, too")
    .addHelpText("after", EXAMPLE)
    .action(async (url: string, options: CurlOptions, self: Command) => {
      const isJson = self.parent?.opts<{ json?: boolean }>().json === true
      process.exitCode = await curl(url, parts, options, isJson, self)
    })
}

function seconds(text: string): number {
  const value = Number(text)
  if (value > 0 && value < 2_000_000) return value
  throw new CommandError(EXIT_CODES.usage, `A time is a number of seconds, such as 2.5, not ${text}.`)
}

function refused(flags: string, advice: string): Option {
  return new Option(flags).hideHelp().argParser(() => {
    throw new CommandError(EXIT_CODES.usage, advice)
  })
}

async function curl(
  target: string,
  parts: readonly BodyPart[],
  options: CurlOptions,
  isJson: boolean,
  command: Command,
): Promise<ExitCode> {
  const { insecure, connectTimeout, maxTime, location, output } = options
  const body = await buildBody(parts, options.get === true)
  if (options.head === true && options.request === undefined && body.payload !== undefined) {
    throw new CommandError(
      EXIT_CODES.usage,
      "-I asks for the headers, and sends no body: add -G to put the data into the query, or choose the method with -X.",
    )
  }
  const url = targetUrl(withQuery(target, body.query))
  if (insecure === true && !isLoopbackUrl(url)) {
    throw new CommandError(
      EXIT_CODES.usage,
      "-k is for this machine's own servers only: elsewhere whoever answers could take the credential. Node trusts further authorities by NODE_EXTRA_CA_CERTS.",
    )
  }
  const transport = await createTransport({
    insecureLoopback: insecure,
    connectTimeoutMs: connectTimeout === undefined ? undefined : connectTimeout * 1_000,
  })
  try {
    const identity = await identityOf(options, transport)
    const auth = explainable(await authOf(identity, options, transport))
    const named = parseHeaders(options.header)
    const bare = fetchFor(named, transport)
    const showSecrets = options.showSecrets === true
    const wire = options.verbose === true ? verbose(bare, showSecrets) : bare
    const send = authenticatedFetchTo(url, auth, options, wire)
    const sent = send(url, {
      method: methodOf(options, body),
      headers: headersOf(named, options, body),
      redirect: location === true ? "follow" : "manual",
      ...(body.payload === undefined ? {} : { body: body.payload }),
      ...(maxTime === undefined ? {} : { signal: AbortSignal.timeout(maxTime * 1_000) }),
    })
    const response = await (options.silent === true || options.verbose === true
      ? sent
      : withProgress(`Waiting for ${new URL(url).host}`, () => sent))
    if (response.status < 400 && !isJson) {
      showHead(response, options)
      await writeBody(response.body, output)
      return EXIT_CODES.ok
    }
    const credentials = identity.kind === "access key" ? identity.credentials : undefined
    return await showWhole(response, { auth, credentials, receivedAt: Date.now() }, options, isJson, command)
  } catch (error) {
    throw networkFailure(error, url)
  } finally {
    await transport.close()
  }
}

/** An answer whose body is read first: for JSON, or to be explained. */
async function showWhole(
  response: Response,
  context: ExplainContext,
  options: CurlOptions,
  isJson: boolean,
  command: Command,
): Promise<ExitCode> {
  const { status, headers } = response
  const bytes = new Uint8Array(await response.arrayBuffer())
  const body = new TextDecoder().decode(bytes)
  const explanation =
    status < 400 ? undefined : explain({ status, headers, body }, { ...context, request: { url: response.url } })
  if (isJson) {
    const mayShow = maySecretsShow(options.showSecrets)
    const shown = [...headers].map(([name, value]) => [name, shownHeaderValue(name, value, mayShow)])
    printJson({ status, headers: Object.fromEntries(shown), body, explanation })
  } else {
    showHead(response, options)
    if (options.fail !== true) await writeBody([bytes], options.output)
    const isMidLine = options.fail !== true && (options.output ?? "-") === "-" && body !== "" && !body.endsWith("\n")
    if (isTerminal() && isMidLine) print("")
    if (explanation !== undefined && explanation.cause !== "unknown") {
      // Both streams may go into one file.
      if (!isTerminal() && isMidLine) note("")
      note(paintExplanation(explanation, command, process.stderr))
    }
  }
  if (status < 400) return EXIT_CODES.ok
  if (options.fail === true) return EXIT_CODES.httpError
  return status === 401 || status === 403 ? EXIT_CODES.refused : EXIT_CODES.ok
}

function showHead(response: Response, { include, head, showSecrets }: CurlOptions): void {
  if (include === true || head === true) print(`${headLines(response, maySecretsShow(showSecrets)).join("\n")}\n\n`)
}

function withQuery(target: string, query: string): string {
  if (query === "") return target
  const [rest = "", ...fragment] = target.split("#")
  return [`${rest}${rest.includes("?") ? "&" : "?"}${query}`, ...fragment].join("#")
}

function methodOf({ request, head, get }: CurlOptions, { payload }: SentBody): string {
  if (request !== undefined) return request
  if (head === true) return "HEAD"
  return payload === undefined || get === true ? "GET" : "POST"
}

/** Headers of the options, unless -H names them. */
function headersOf(
  given: ReturnType<typeof parseHeaders>,
  options: CurlOptions,
  { headers }: SentBody,
): [name: string, value: string][] {
  const boundary = headers.map(([, value]) => /; boundary=.*$/.exec(value)?.[0]).find((text) => text !== undefined)
  // As curl does for -F: nobody can know the boundary beforehand.
  const named = given.map(([name, value]): [string, string | undefined] =>
    boundary !== undefined && name.toLowerCase() === "content-type" && /^multipart\/[^;]+$/i.test(value ?? "")
      ? [name, value + boundary]
      : [name, value],
  )
  const isJson = headers.some(([name]) => name === "Accept")
  const implied: [string, string | undefined][] = [
    ...headers,
    ["Accept", isJson ? undefined : "*/*"],
    ["User-Agent", options.userAgent ?? `countersign/${ownVersion()}`],
    ["Referer", options.referer],
    ["Cookie", options.cookie],
    ["Accept-Encoding", options.compressed === true ? "gzip, deflate, br" : "identity"],
  ]
  const isNamed = (name: string): boolean => named.some(([other]) => other.toLowerCase() === name.toLowerCase())
  return [
    ...implied.flatMap(([name, value]): [string, string][] =>
      value === undefined || isNamed(name) ? [] : [[name, value]],
    ),
    ...named.filter(isSent),
  ]
}

/** Headers that fetch adds for browsers, and curl does not send. */
const OF_BROWSERS = ["accept-language", "sec-fetch-mode"]

/** fetch adds headers of its own, so those that are not to be sent are taken out behind it. */
function fetchFor(named: ReturnType<typeof parseHeaders>, transport: Transport): UndiciFetch {
  const sent = named.filter(isSent).map(([name]) => name.toLowerCase())
  const unsent = named.filter((each) => !isSent(each)).map(([name]) => name.toLowerCase())
  return transport.fetchWithout([...unsent, ...OF_BROWSERS.filter((name) => !sent.includes(name))])
}

/** Shows each attempt as `curl -v` does, its secrets masked. */
function verbose(send: UndiciFetch, showSecrets: boolean): UndiciFetch {
  return async (input, init) => {
    const { pathname, search, host } = new URL(input)
    note(`> ${init?.method ?? "GET"} ${pathname}${shownQuery(search, showSecrets)} HTTP/1.1`)
    note(`> host: ${host}`)
    for (const [name, value] of new Headers(init?.headers)) {
      if (name !== "host") note(`> ${shownHeader(name, value, showSecrets)}`)
    }
    note(">")
    const response = await send(input, init)
    for (const line of headLines(response, showSecrets)) note(`< ${line}`)
    note("<")
    return response
  }
}

/** The parts of an answer before its body. */
interface Head {
  readonly status: number
  readonly statusText: string
  readonly headers: Iterable<[name: string, value: string]>
}

function headLines({ status, statusText, headers }: Head, showSecrets: boolean): string[] {
  return [
    `HTTP/1.1 ${status} ${statusText}`.trimEnd(),
    ...[...headers].map(([name, value]) => shownHeader(name, value, showSecrets)),
  ]
}

function shownHeader(name: string, value: string, showSecrets: boolean): string {
  return `${name}: ${shownHeaderValue(name, value, showSecrets)}`
}

async function writeBody(
  body: AsyncIterable<Uint8Array> | Iterable<Uint8Array> | null,
  file: string | undefined,
): Promise<void> {
  const to = file === undefined || file === "-" ? process.stdout : createWriteStream(file)
  await pipeline(body ?? [], to, { end: to !== process.stdout })
}

function networkFailure(error: unknown, url: string): unknown {
  if (error instanceof CommandError || isAuthError(error)) return error
  const syscall = error instanceof Error && "syscall" in error ? error.syscall : undefined
  if (error instanceof Error && (syscall === "open" || syscall === "write")) {
    const exitCode = syscall === "open" ? EXIT_CODES.usage : EXIT_CODES.unexpected
    return new CommandError(exitCode, `The output file cannot be written: ${error.message}`)
  }
  const { cause, evidence, fix } = explain(error) as Awaited<ReturnType<typeof explain>>
  if (cause === "not-sent")
    return new CommandError(EXIT_CODES.usage, `Nothing was sent to ${new URL(url).host}. ${fix}`)
  const isTimeout = error instanceof Error && error.name === "TimeoutError"
  const reason = isTimeout ? "The time for an answer was over." : (evidence[0] ?? `${reasonOf(error)}.`)
  return new CommandError(EXIT_CODES.unreachable, `No answer from ${new URL(url).host}. ${reason}`)
}
