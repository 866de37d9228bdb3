import type { IssuedKey } from "./identities.ts"

/** What a fault applies to: a part of the emulator, or every path that begins with a text. */
export type FaultTarget = "all" | "iam" | "gateway" | "metadata" | `/${string}`

export interface FaultOptions {
  /** @default "gateway" */
  target?: FaultTarget
  /** How many requests have it. @default all until `reset` */
  times?: number
}

/** Trouble on demand. Each applies to the next requests to its target, in the order they come. */
export interface Faults {
  /** Answers so many milliseconds late. */
  delay(ms: number, options?: FaultOptions): void
  /** Answers with a status and that status' error body. */
  status(status: number, options?: FaultOptions & { retryAfterSeconds?: number }): void
  /** Closes the connection without an answer. */
  dropConnection(options?: FaultOptions): void
  /** Answers with a redirect to a URL. */
  redirect(to: string, options?: FaultOptions & { status?: 301 | 302 | 303 | 307 | 308 }): void
  /** Ends tokens before their time: one, or all there are. */
  revokeToken(value?: string): void
  /** Puts another access key in the place of one; the old one is unknown from then on. */
  rotateKey(accessKeyId: string): Pick<IssuedKey, "accessKeyId" | "secretAccessKey">
  /** The server's clock is off by so many milliseconds. */
  clockOffset(ms: number): void
  /** How the metadata service answers: with tokens possible, demanded, unknown (its first version), or not at all. */
  metadata(mode: MetadataMode): void
  /** Ends all faults, locks and clock offsets. Tokens and keys stay what they are. */
  reset(): void
}

export type MetadataMode = "token optional" | "token required" | "no tokens" | "no agency"

export type PendingFault = (
  | { kind: "delay"; ms: number }
  | { kind: "status"; status: number; retryAfterSeconds: number | undefined }
  | { kind: "drop" }
  | { kind: "redirect"; to: string; status: number }
) & { target: FaultTarget; left: number }

/** Takes the faults that a request meets, and counts them down. */
export function takeFaults(pending: PendingFault[], part: FaultTarget, path: string): PendingFault[] {
  const met = pending.filter(
    ({ target, left }) =>
      left > 0 && (target === "all" || target === part || (target.startsWith("/") && path.startsWith(target))),
  )
  for (const fault of met) fault.left -= 1
  return met
}
