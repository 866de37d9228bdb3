import { signingAlgorithms } from "@countersign/auth-core/adapter"
import { type ExplainContext, isCanonicalRequest } from "@countersign/auth-core/explain"
import { Command } from "commander"
import { addAlgorithm } from "../add-algorithm.ts"
import { addReachOptions, type ReachOptions } from "../command-options.ts"
import { CommandError, EXIT_CODES } from "../exit-code.ts"
import { explainReport, isSignatureInDoubt } from "../explain-report.ts"
import { findCredentials, type ProfileChoice } from "../find-credentials.ts"
import { iamOptionsOf } from "../identity.ts"
import { paintExplanation } from "../paint-explanation.ts"
import { parseReports, parseRequest, REQUEST_FORMS, type Report } from "../parse-report.ts"
import { inputName, readInput, readInputData } from "../read-secret.ts"
import { note, paint, print, printJson } from "../terminal.ts"
import { createTransport } from "../transport.ts"

interface ExplainOptions extends ReachOptions, ProfileChoice {
  readonly request?: string | undefined
  readonly data?: string | undefined
  readonly canonicalRequest?: string | undefined
  readonly withKey?: boolean | undefined
  readonly json?: boolean | undefined
}

const ADVICE = "give the request as your program signed it with --request"

const EXAMPLE = `
FILE is a HAR file, the log of \`curl -v\`, the output of \`curl -i\`, the body of an answer, or a pasted message.

Examples:
  $ curl -sv https://ecs.ap-southeast-1.myhuaweicloud.com/v1/cloudservers 2>&1 | countersign explain
  $ countersign explain answer.json --request request.http --with-key`

/** Says why a request was refused. Never shows a secret. */
export function explainCommand(): Command {
  const command = new Command("explain")
    .description("Say why a request was refused, from a pasted error, a HAR file or a curl -v log.")
    .argument("[file]", "default: standard input")
    .option(
      "--request <file>",
      "the request as your program signed it: as over HTTP/1.1, as JSON, a curl command or a curl -v log",
    )
    .option("-d, --data <text>", "the body of the request, which curl -v does not log; @FILE reads it from a file")
    .option("--canonical-request <file>", "the canonical request that the client signed, as its library logs it")
    .option("--with-key", "check whether the access key of the default chain made the signature")
  return addReachOptions(command)
    .option("--profile-file <file>", "with --with-key: the key of this profile file")
    .option("--section <name>", "with --with-key: the key of this section of the profile file")
    .option("--json", "print JSON")
    .addHelpText("after", EXAMPLE)
    .action(async (file: string | undefined, _: unknown, self: Command) => explainFile(file, self))
}

async function explainFile(file = "-", command: Command): Promise<void> {
  const options: ExplainOptions = command.optsWithGlobals()
  if (file === "-" && process.stdin.isTTY === true) note("Paste the answer or the log, then press Ctrl+D.")
  const text = (await readInput(file, "To explain a text, pipe it: echo '…' | countersign explain")).trim()
  if (text === "") throw new CommandError(EXIT_CODES.usage, `There is nothing to explain: ${inputName(file)} is empty.`)
  const reports = parseReports(text)
  if (reports.length === 0) {
    throw new CommandError(
      EXIT_CODES.usage,
      `${inputName(file)} holds no refused request: no answer has a status of 400 or more.`,
    )
  }
  const context = await contextOf(options, reports)
  const explained = reports.map((report) => ({ report, explanation: explainReport(report, context, ADVICE) }))
  if (options.json === true) {
    const plain = explained.map(({ explanation }) => explanation)
    printJson(plain.length === 1 ? plain[0] : plain)
    return
  }
  const texts = explained.map(({ report: { title }, explanation }) =>
    explained.length === 1
      ? paintExplanation(explanation, command)
      : `${paint("bold", title)}\n${paintExplanation(explanation, command)}`,
  )
  print(texts.join("\n\n"))
  if (options.request !== undefined) return
  if (explained.some(({ explanation }) => isSignatureInDoubt(explanation))) {
    note("Give the request as your program signed it with --request FILE to see what differs.")
  }
}

async function contextOf(options: ExplainOptions, reports: readonly Report[]): Promise<ExplainContext> {
  const { request, data, canonicalRequest, withKey } = options
  if (request === "-") throw new CommandError(EXIT_CODES.usage, "--request takes a file: standard input is the answer.")
  const parsed = request === undefined ? undefined : parseRequest(await readInput(request))
  if (request !== undefined && parsed === undefined) {
    throw new CommandError(EXIT_CODES.usage, `${request} is no request: ${REQUEST_FORMS}.`)
  }
  if (data !== undefined && parsed === undefined && reports.every((report) => report.request === undefined)) {
    const advice = "give that with --request, or explain a curl -v log or a HAR file"
    throw new CommandError(EXIT_CODES.usage, `--data is the body of a request: ${advice}.`)
  }
  const signed = canonicalRequest === undefined ? undefined : await readInput(canonicalRequest)
  if (signed !== undefined && !isCanonicalRequest(signed)) {
    throw new CommandError(
      EXIT_CODES.usage,
      `${canonicalRequest} is no canonical request: it must start with a method, a path and a query, each in a line.`,
    )
  }
  const body = await readInputData(data)
  // The signature to check may be of any.
  if (withKey === true) await Promise.all(signingAlgorithms().map(addAlgorithm))
  return {
    request: { ...parsed, ...(body === undefined ? {} : { body }) },
    canonicalRequest: signed,
    credentials: withKey === true ? await ownKey(options) : undefined,
  }
}

async function ownKey(options: ExplainOptions): Promise<ExplainContext["credentials"]> {
  const transport = await createTransport()
  try {
    return (await findCredentials(options, iamOptionsOf(options, transport))).credentials
  } finally {
    await transport.close()
  }
}
