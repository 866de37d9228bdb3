import { stat } from "node:fs/promises"
import type { LibraryFetch } from "@countersign/fetch"
import { Command } from "commander"
import { authenticatedFetchTo } from "../authenticated-fetch.ts"
import {
  addHeaderOptions,
  addHostOptions,
  addIdentityOptions,
  addSigningOptions,
  type IdentityOptions,
  type SigningOptions,
} from "../command-options.ts"
import { type CurlRequest, curlCommandLine } from "../curl-command-line.ts"
import { CommandError, EXIT_CODES } from "../exit-code.ts"
import { authOf, identityOf } from "../identity.ts"
import { headerLine, isSent, parseHeaders, shownHeaderValue } from "../parse-headers.ts"
import { readInputData } from "../read-secret.ts"
import { targetUrl } from "../target-url.ts"
import { isTerminal, maySecretsShow, note, print, printJson } from "../terminal.ts"
import { createTransport } from "../transport.ts"

interface SignOptions extends IdentityOptions, SigningOptions {
  readonly header?: readonly string[] | undefined
  readonly data?: string | undefined
  readonly host?: readonly string[] | undefined
  readonly curl?: boolean | undefined
  readonly showSecrets?: boolean | undefined
  readonly json?: boolean | undefined
}

const EXAMPLE = `
Examples:
  $ countersign sign GET https://ecs.ap-southeast-1.myhuaweicloud.com/v1/cloudservers/detail > headers
  $ curl -H @headers https://ecs.ap-southeast-1.myhuaweicloud.com/v1/cloudservers/detail
  $ countersign sign POST https://bss-intl.myhuaweicloud.com/v2/orders/payments -d @order.json --curl | sh`

/** The headers that authenticate a request, or a curl command with them. Nothing is sent to the URL. */
export function signCommand(): Command {
  const command = new Command("sign")
    .description("Print the headers that authenticate a request, or a finished curl command.")
    .argument("<method>", "such as GET")
    .argument("<url>", "the URL to sign for, of http or https")
    .option("-d, --data <text>", "the body; @FILE reads it from a file, @- from standard input")
    .option("--curl", "print a curl command")
  return addHostOptions(addSigningOptions(addIdentityOptions(addHeaderOptions(command))))
    .option("--show-secrets", "show the signature or token on a terminal too")
    .option("--json", "print JSON")
    .addHelpText("after", EXAMPLE)
    .action(async (method: string, url: string, _: unknown, self: Command) => sign(method, url, self.optsWithGlobals()))
}

async function sign(method: string, target: string, options: SignOptions): Promise<void> {
  const url = targetUrl(target)
  const headers = parseHeaders(options.header).filter(isSent)
  const { data } = options
  const body = await readInputData(data)
  const content =
    options.curl === true && typeof body === "object" && (await isStream(data?.slice(1) ?? ""))
      ? { text: textOf(body) }
      : { data }
  const transport = await createTransport()
  try {
    const auth = await authOf(await identityOf(options, transport), options, transport)
    const signed = { url, headers: new Headers() }
    // The engine sends the request here, with all that it would put on the wire.
    const capture: LibraryFetch = async (input, init) => {
      signed.url = String(input)
      signed.headers = new Headers(init?.headers)
      return new Response(null, { status: 204 })
    }
    const send = authenticatedFetchTo(url, auth, options, capture)
    await send(url, {
      method: method.toUpperCase(),
      headers,
      ...(body === undefined ? {} : { body: body as BodyInit }),
    })
    show(method.toUpperCase(), signed.url, signed.headers, content, options)
  } finally {
    await transport.close()
  }
}

/** Whether a file gives its content once only, so that a curl of later would find none. */
async function isStream(file: string): Promise<boolean> {
  return file === "-" || /^\/(?:dev|proc)\//.test(file) || !(await stat(file)).isFile()
}

/** The longest argument that every system passes to a program. */
const LONGEST_ARGUMENT = 100_000

function textOf(bytes: Uint8Array): string {
  try {
    if (bytes.length <= LONGEST_ARGUMENT && !bytes.includes(0)) {
      return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes)
    }
  } catch {
    // It is no text.
  }
  throw new CommandError(
    EXIT_CODES.usage,
    `A curl command can hold a body from standard input only if it is text of at most ${LONGEST_ARGUMENT} bytes: write this one to a file, and use -d @FILE.`,
  )
}

type Content = Pick<CurlRequest, "data" | "text">

function show(method: string, url: string, headers: Headers, content: Content, options: SignOptions): void {
  const mayShow = maySecretsShow(options.showSecrets)
  const shown = [...headers].map(([name, value]): [string, string] => [name, shownHeaderValue(name, value, mayShow)])
  if (options.json === true) printJson({ method, url, headers: Object.fromEntries(shown) })
  else if (options.curl === true) print(curlCommandLine({ method, url, headers: shown, ...content }))
  else print(shown.map(([name, value]) => headerLine(name, value)).join("\n"))
  if (!mayShow && isTerminal()) note("The secret is hidden on a terminal: pipe the output, or add --show-secrets.")
}
