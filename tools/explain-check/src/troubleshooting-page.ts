import { markdownTable } from "@countersign/tools-shared/markdown-table"
import { answerFields } from "../../../packages/auth-core/src/explain/answer.ts"
import { CAUSES, type Cause } from "../../../packages/auth-core/src/explain/causes.ts"
import { type KnownRefusal, REFUSALS } from "../../../packages/auth-core/src/explain/refusals.ts"
import { HOW_TO_SEE } from "./how-to-see.ts"

/** A change on the way, and its names from `explain`. */
export interface NamedChange {
  readonly name: string
  /** The clients by the name that was given. */
  readonly named: ReadonlyMap<string, readonly string[]>
}

const INTRODUCTION = `# Why was this request refused?

Paste the answer into [Explain a refusal](explain.md), look it up in the first table, or let the library do it:

\`\`\`ts
import { akskAuth, envCredentials, withAuth } from "@countersign/axios"
import { explain } from "@countersign/axios/explain"
import axios from "axios"

const api = withAuth(axios.create({ baseURL: "https://bss-intl.myhuaweicloud.com" }), akskAuth(envCredentials()))

try {
  const { data } = await api.get("/v2/accounts/customer-accounts/balances")
  console.log(data)
} catch (error) {
  console.error(String(await explain(error)))
}
\`\`\`

If the signature failed, \`explain\` can compare it with the request: see
[auth-core's page](packages/auth-core.md#why-was-it-refused).
`

/** The page on refusals, from the table of causes and a run of all changes. */
export function troubleshootingPage(changes: readonly NamedChange[], clients: readonly string[]): string {
  const rows = REFUSALS.map((row) => [...answerOf(row), linkTo(row.cause), row.confidence ?? "certain"])
  const changed = changes.map(({ name, named }) => [
    name,
    [...named].map((entry) => namedText(entry, clients)).join("; "),
  ])
  return [
    INTRODUCTION,
    "## By the answer\n\nThe first matching row applies.\n",
    `${markdownTable(["Status", "Code", "Text", "Cause", "Sure"], rows)}\n`,
    "## By the cause\n",
    ...(Object.keys(CAUSES) as Cause[]).map(section),
    `## Changes on the way\n\nA proxy in front of a gateway makes each of these changes to a signed request, through each of ${clients.join(", ")}. The gateway checks the signature. The table shows the name that \`explain\` gives the change.\n`,
    `${markdownTable(["A proxy changes this", "Named"], changed)}\n`,
  ].join("\n")
}

function answerOf({ example: { status, body } }: KnownRefusal): string[] {
  const { errorCode = "", errorMessage = "" } = answerFields({
    status,
    text: body,
    headers: {},
    request: undefined,
    isLive: false,
  })
  return [String(status ?? ""), errorCode, shortened(errorMessage)]
}

const LONGEST_EXAMPLE = 120
/** The start of each text of the gateway about signatures and tokens. */
const PREFIX = /^Incorrect IAM authentication information: /

function shortened(message: string): string {
  const text = message.replace(PREFIX, "… ").replaceAll("<", "&lt;")
  return text.length > LONGEST_EXAMPLE ? `${text.slice(0, LONGEST_EXAMPLE)}…` : text
}

function linkTo(cause: Cause): string {
  return `[${cause}](#${cause})`
}

function section(cause: Cause): string {
  const { summary, fix, retryable, locks } = CAUSES[cause]
  const sources = [...new Set(REFUSALS.filter((row) => row.cause === cause).map(({ source }) => source))]
  const danger =
    locks === "access-key"
      ? " More than five failed signatures in a row lock the access key for five minutes."
      : locks === "account"
        ? " Repeated failures lock the user."
        : ""
  const known = sources.length === 0 ? "" : `\n\nKnown from: ${sources.join("; ")}.`
  return `### ${cause}\n\n${summary}\n\n**How to see it:** ${HOW_TO_SEE[cause]}\n\n**Cure:** ${fix}\n\nCan succeed if you send it again unchanged: ${retryable ? "yes" : "no"}.${danger}${known}\n`
}

function namedText([named, by]: [string, readonly string[]], clients: readonly string[]): string {
  return by.length === clients.length ? named : `${named} (${by.join(", ")})`
}
