/** How much is kept of a stream, so that it can be sent again: as much as can be signed, 12 MB (12 * 1024 * 1024 bytes). */
export const MAX_REPLAYABLE_BYTES = 12 * 1024 * 1024

/** A body, as far as it had to be read. */
export interface PreparedBody {
  /** What to send: the bytes when they were read, else what the caller gave, or the rest of a stream that was too long. */
  readonly content: unknown
  /** The bytes of `content`; `null` for no body, `undefined` when it was left unread. */
  readonly bytes: string | Uint8Array | null | undefined
  /** Content-Type that goes with the bytes, when the kind of body dictates one (a form's boundary, a Blob's type). */
  readonly contentType?: string | undefined
  /** Whether `content` can be sent a second time. */
  readonly replayable: boolean
  /** The body turned out larger than the limit. */
  readonly exceedsLimit: boolean
  /** Frees the source of `content`, which will not be sent after all; for a stream. */
  discard?(reason?: unknown): void
  /** Tells a stream that is kept as it passes that no further attempt follows. */
  release?(): void
}

/** A body that is text or bytes. */
export function knownBody(content: string | Uint8Array, exceedsLimit: boolean): PreparedBody {
  return { content, bytes: content, replayable: true, exceedsLimit }
}
