import { inspect } from "node:util"
import { type Answer, type Arrival, type RecordingServer, recordingServer } from "@countersign/testkit"
import { expect, onTestFinished } from "vitest"
import { AuthError } from "../../src/errors/auth-error.ts"

export const ISSUED_AT = Date.UTC(2026, 0, 1)
export const EXPIRES_AT = ISSUED_AT + 24 * 60 * 60_000

/** A server in place of IAM. It gives the answers in turn and repeats the last. Closed after the test. */
export async function localIam(
  ...answers: ReadonlyArray<Answer | ((arrival: Arrival) => Answer | Promise<Answer>)>
): Promise<RecordingServer> {
  const server = await recordingServer((arrival, index) => {
    const answer = answers[Math.min(index, answers.length - 1)] ?? {}
    return typeof answer === "function" ? answer(arrival) : answer
  })
  onTestFinished(() => server.close())
  return server
}

/** A 201 of POST /v3/auth/tokens, as in the API reference. */
export function tokenAnswer(value = "MIIsubject", token: object = {}): Answer {
  return {
    status: 201,
    headers: { "x-subject-token": value },
    body: JSON.stringify({
      token: {
        methods: ["password"],
        issued_at: "2026-01-01T00:00:00.000000Z",
        expires_at: "2026-01-02T00:00:00.000000Z",
        domain: { id: "domain-id", name: "partner" },
        ...token,
      },
    }),
  }
}

/** IAM's newer error shape. */
export function iamError(status: number, code: string, message: string, headers: Record<string, string> = {}): Answer {
  return { status, headers, body: JSON.stringify({ error_code: code, error_msg: message }) }
}

/** Keystone's error shape. */
export function keystoneError(status: number, message: string, title: string): Answer {
  return { status, body: JSON.stringify({ error: { code: status, message, title } }) }
}

export function jsonBody(arrival: Arrival | undefined): unknown {
  return JSON.parse(String(arrival?.body))
}

/** The AuthError that a promise rejects with. It must not show the secrets, however it is printed. */
export async function rejectionOf(promise: Promise<unknown>, ...secrets: string[]): Promise<AuthError> {
  const error = await promise.then(
    () => expect.fail("expected a rejection"),
    (reason: unknown) => reason,
  )
  return shown(error, secrets)
}

/** The AuthError that a function throws, with the same check. */
export function thrownBy(action: () => unknown, ...secrets: string[]): AuthError {
  try {
    action()
  } catch (error) {
    return shown(error, secrets)
  }
  expect.fail("expected an error")
}

function shown(error: unknown, secrets: string[]): AuthError {
  expect(error).toBeInstanceOf(AuthError)
  if (!(error instanceof AuthError)) throw error
  const views = [
    error.message,
    String(error.stack),
    JSON.stringify(error),
    inspect(error, { depth: Infinity, showHidden: true }),
  ]
  for (const secret of secrets) for (const view of views) expect(view).not.toContain(secret)
  return error
}
