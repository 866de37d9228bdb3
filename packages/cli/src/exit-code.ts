import { type AuthErrorCode, isAuthError } from "@countersign/auth-core"
import { withoutEchoedSecret } from "./shown-access-key.ts"

/** The exit codes of every command. Scripts depend on them, so they never change their meaning. */
export const EXIT_CODES = {
  ok: 0,
  /** A fault of the program or of the machine. */
  unexpected: 1,
  /** A wrong argument, option or input file. */
  usage: 2,
  /** No usable credential. */
  credentials: 3,
  /** IAM or the service refuses. */
  refused: 4,
  /** No answer, or a service that asks to wait. */
  unreachable: 5,
  /** curl's own, with `--fail`. */
  httpError: 22,
  cancelled: 130,
} as const

export type ExitCode = (typeof EXIT_CODES)[keyof typeof EXIT_CODES]

/** A failure whose message tells the user enough. */
export class CommandError extends Error {
  override readonly name = "CommandError"
  readonly exitCode: ExitCode

  constructor(exitCode: ExitCode, message: string) {
    super(message)
    this.exitCode = exitCode
  }
}

const OF_AUTH_ERRORS: Readonly<Record<AuthErrorCode, ExitCode>> = {
  AUTH_INVALID_OPTION: EXIT_CODES.usage,
  AUTH_INVALID_REQUEST: EXIT_CODES.usage,
  AUTH_INVALID_CREDENTIALS: EXIT_CODES.credentials,
  AUTH_CREDENTIALS_MISSING: EXIT_CODES.credentials,
  AUTH_CREDENTIALS_EXPIRED: EXIT_CODES.credentials,
  AUTH_CREDENTIALS_REJECTED: EXIT_CODES.refused,
  AUTH_THROTTLED: EXIT_CODES.unreachable,
  AUTH_TOKEN_REQUEST_FAILED: EXIT_CODES.unreachable,
  AUTH_TOKEN_RESPONSE_INVALID: EXIT_CODES.unreachable,
  AUTH_BODY_TOO_LARGE: EXIT_CODES.usage,
  AUTH_BODY_UNSIGNABLE: EXIT_CODES.usage,
  AUTH_ALGORITHM_UNSUPPORTED: EXIT_CODES.usage,
  AUTH_INSECURE_URL: EXIT_CODES.usage,
  AUTH_REDIRECT_BLOCKED: EXIT_CODES.refused,
}

export function messageOf(error: unknown): string {
  return withoutEchoedSecret(error instanceof Error ? error.message : String(error))
}

export function exitCodeOf(error: unknown): ExitCode {
  if (error instanceof CommandError) return error.exitCode
  return isAuthError(error) ? (OF_AUTH_ERRORS[error.code] ?? EXIT_CODES.unexpected) : EXIT_CODES.unexpected
}
