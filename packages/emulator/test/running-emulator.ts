import { type Credentials, type SignableRequest, type SignOptions, sign } from "@countersign/auth-core"
import { onTestFinished } from "vitest"
import { type Emulator, type EmulatorOptions, startEmulator, type User } from "../src/index.ts"

export const MINUTE = 60_000
export const HOUR = 60 * MINUTE

/** An emulator that ends with the test. */
export async function runningEmulator(options?: EmulatorOptions): Promise<Emulator> {
  const emulator = await startEmulator(options)
  onTestFinished(() => emulator.close())
  return emulator
}

export interface Answer {
  status: number
  headers: Headers
  body: Record<string, unknown>
}

/** Sends a request as it stands; an object goes as JSON. */
export async function ask(
  url: string,
  init: { method?: string; headers?: Record<string, string>; body?: object | string } = {},
): Promise<Answer> {
  const { method = "GET", headers = {}, body } = init
  const text = typeof body === "object" ? JSON.stringify(body) : body
  const response = await fetch(url, {
    method,
    headers,
    redirect: "manual",
    ...(text === undefined ? {} : { body: text }),
  })
  const answer = await response.text()
  return {
    status: response.status,
    headers: response.headers,
    body: answer.startsWith("{") ? (JSON.parse(answer) as Record<string, unknown>) : { text: answer },
  }
}

/** Sends a signed request. */
export function askSigned(
  url: string,
  key: Credentials,
  {
    method = "GET",
    headers = {},
    body,
    ...options
  }: Partial<Pick<SignableRequest, "method">> & {
    headers?: Record<string, string>
    body?: object | string
  } & SignOptions = {},
): Promise<Answer> {
  const text = typeof body === "object" ? JSON.stringify(body) : body
  const signed = sign({ method, url, headers, body: text ?? null }, key, options)
  return ask(url, { method, headers: { ...headers, ...signed }, ...(text === undefined ? {} : { body: text }) })
}

/** POST /v3/auth/tokens for a user by password, and what is said of the scope. */
export function login(
  { url, accounts }: Emulator,
  user: Pick<User, "name" | "password"> = accounts.partner.user,
  scope: object | undefined = { domain: { name: accounts.partner.domain.name } },
): Promise<Answer> {
  const { name, password } = user
  const identity = { methods: ["password"], password: { user: { name, password, domain: accounts.partner.domain } } }
  return ask(`${url}/v3/auth/tokens?nocatalog=1`, { method: "POST", body: { auth: { identity, scope } } })
}

/** The partner's own token. */
export async function partnerToken(emulator: Emulator): Promise<string> {
  return String((await login(emulator)).headers.get("x-subject-token"))
}
