/** The longest error body that is looked into, in characters or bytes; the gateway's are some hundred. */
export const LONGEST_ERROR_BODY = 65_536

/** How long an answer is held back for its body, milliseconds; the gateway's come with their headers. */
export const LONGEST_ERROR_WAIT_MS = 1_000
