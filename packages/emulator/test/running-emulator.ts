import { type Credentials, type SignOptions, sign } from "@countersign/auth-core"
import { onTestFinished } from "vitest"
import { type Emulator, type EmulatorOptions, startEmulator, type User } from "../src/index.ts"

export const MINUTE = 60_000
export const HOUR = 60 * MINUTE

/** An emulator that closes after the test. */
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

interface Request {
  method?: string
  headers?: Record<string, string>
  /** An object is sent as JSON. */
  body?: object | string
}

/** Sends a request unchanged. */
export async function ask(url: string, { method = "GET", headers = {}, body }: Request = {}): Promise<Answer> {
  const response = await fetch(url, { method, headers, body: contentOf(body), redirect: "manual" })
  const text = await response.text()
  return {
    status: response.status,
    headers: response.headers,
    body: text.startsWith("{") ? (JSON.parse(text) as Record<string, unknown>) : { text },
  }
}

/** Sends a signed request, with headers `added` after signing, and the body `sent` in place of the one that was signed. */
export function askSigned(
  url: string,
  key: Credentials,
  { method = "GET", headers = {}, body, sent = body, added = {}, ...options }: Tampered & SignOptions = {},
): Promise<Answer> {
  const signed = sign({ method, url, headers, body: contentOf(body) }, key, options)
  return ask(url, {
    method,
    headers: { ...headers, ...signed, ...added },
    ...(sent === undefined ? {} : { body: sent }),
  })
}

interface Tampered extends Request {
  sent?: object | string
  added?: Record<string, string>
}

function contentOf(body: object | string | undefined): string | Uint8Array<ArrayBuffer> | null {
  if (body instanceof Uint8Array) return new Uint8Array(body)
  return typeof body === "object" ? JSON.stringify(body) : (body ?? null)
}

/** POST /v3/auth/tokens for a user by password, with the given scope. */
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
