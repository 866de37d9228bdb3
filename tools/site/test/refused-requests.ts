import { type AkskAuthOptions, akskAuth } from "@countersign/auth-core"
import { startEmulator } from "@countersign/emulator"
import { createFetch } from "@countersign/fetch"
import { ANSWER_FORMS } from "@countersign/tools-explain-check/answer-forms"
import { changingProxy } from "@countersign/tools-explain-check/changing-proxy"
import { MUTATIONS, type NamedMutation } from "@countersign/tools-explain-check/mutations"
import { pick, randomOf } from "@countersign/tools-explain-check/random"
import { headerOf, type WireRequest } from "@countersign/tools-explain-check/wire-request"
import { curlCommandLine } from "../../../packages/cli/src/curl-command-line.ts"

/** A request that a gateway refused since a proxy changed it. */
export interface RefusedRequest extends Pick<NamedMutation, "name" | "cause" | "where"> {
  /** As the program sent it. */
  readonly request: WireRequest
  readonly answer: { readonly status: number; readonly headers: Headers; readonly body: string }
}

/** Makes each change that explain-check knows, to a signed request that passes a proxy in front of the emulator's gateway. */
export async function refusedRequests(): Promise<RefusedRequest[]> {
  const emulator = await startEmulator()
  const proxy = await changingProxy(emulator.url)
  const { credentials } = emulator.accounts.partner.user
  const sender = (options?: AkskAuthOptions): typeof fetch =>
    createFetch(akskAuth(credentials, options), { hosts: ["127.0.0.1"] })
  const refused: RefusedRequest[] = []
  for (const { name, cause, where, sent, options, change } of MUTATIONS) {
    const random = randomOf(name)
    const [, answer = (body: string) => body] = pick(Object.entries(ANSWER_FORMS), random)
    let request: WireRequest | undefined
    proxy.use({
      request(arrived) {
        request = arrived
        return change(arrived, random)
      },
      answer,
    })
    const response = await sender(options)(proxy.url + sent.path, sent)
    emulator.faults.unlock(credentials)
    if (request === undefined) throw new Error(`The proxy got no request: ${name}`)
    const { status, headers } = response
    refused.push({ name, cause, where, request, answer: { status, headers, body: await response.text() } })
  }
  await proxy.close()
  await emulator.close()
  return refused
}

/** The refusal in the forms that people paste, by the name of each. */
export const REFUSAL_FORMS: Readonly<Record<string, (refused: RefusedRequest) => string>> = {
  body: ({ answer }) => answer.body,
  "curl -i": ({ answer: { status, headers, body } }) =>
    [`HTTP/1.1 ${status}`, ...[...headers].map(headerLine), "", body].join("\n"),
  "curl -v": ({ request, answer: { status, headers, body } }) =>
    [
      "*   Trying 127.0.0.1:443...",
      ...[`${request.method} ${request.target} HTTP/1.1`, ...request.headers.map(headerLine), ""].map(
        (line) => `> ${line}`,
      ),
      ...[`HTTP/1.1 ${status}`, ...[...headers].map(headerLine), ""].map((line) => `< ${line}`),
      body,
    ].join("\n"),
  HAR: ({ request, answer: { status, headers, body } }) =>
    JSON.stringify({
      log: {
        entries: [
          {
            request: { method: request.method, url: urlOf(request), headers: request.headers.map(namedValue) },
            response: {
              status,
              headers: [...headers].map(namedValue),
              content: { text: Buffer.from(body).toString("base64"), encoding: "base64" },
            },
          },
        ],
      },
    }),
}

/** Values to enter, each with the start of its label. A choice has none. */
export type Entered = readonly (readonly [label: string, value: string])[]

/** The request in the forms that the page takes, by the name of each. */
export const REQUEST_FORMS: Readonly<Record<string, (request: WireRequest) => Entered>> = {
  HTTP: ({ method, target, headers, body }) => [
    ["Paste it", ""],
    ["Request", [`${method} ${target} HTTP/1.1`, ...headers.map(headerLine), "", body.toString()].join("\n")],
  ],
  curl: (request) => {
    const { method, headers, body } = request
    const text = body.length === 0 ? undefined : body.toString()
    return [
      ["Paste it", ""],
      ["Request", curlCommandLine({ method, url: urlOf(request), headers, text })],
    ]
  },
  fields: (request) => [
    ["Fill it in", ""],
    ["Method", request.method],
    ["URL", urlOf(request)],
    ["Headers", request.headers.map(headerLine).join("\n")],
    ["Body", request.body.toString()],
  ],
}

function urlOf(request: WireRequest): string {
  return `https://${headerOf(request, "host")}${request.target}`
}

export function headerLine([name, value]: readonly [name: string, value: string]): string {
  return `${name}: ${value}`
}

function namedValue([name, value]: readonly [name: string, value: string]): { name: string; value: string } {
  return { name, value }
}
