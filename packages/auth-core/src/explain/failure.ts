import type { AuthErrorCode } from "../errors/auth-error.ts"
import { CAUSES, type Cause } from "./causes.ts"
import { type Confidence, createExplanation, type Explanation, type Where, WITHOUT_DETAILS } from "./explanation.ts"
import { shownMessage } from "./masked.ts"

/** Why there is no answer. */
export interface Failure {
  readonly message: string
  /** Of an error of this library, which then did not send the request. */
  readonly ours?: AuthErrorCode | undefined
  /** Such as `ENOTFOUND`. */
  readonly code?: string | undefined
  /** Such as `AbortError`. */
  readonly name?: string | undefined
  /** The message of the innermost cause, where there is one. */
  readonly reason?: string | undefined
  readonly retryAfterMs?: number | undefined
}

/** What such a failure says. */
interface Finding {
  readonly cause: Cause
  readonly where: Where
  readonly confidence: Confidence
  readonly summary?: string
  readonly fix?: string
  readonly evidence: readonly string[]
  readonly source: string
}

/** Explains a failure without an answer. */
export function explainFailure(failure: Failure, secrets: readonly string[]): Explanation {
  const { message, code, ours, retryAfterMs } = failure
  const finding = ours === undefined ? ofClient(failure) : NOT_SENT
  // Waiting brings no credential that is missing.
  const isPause = retryAfterMs !== undefined && ours !== "AUTH_CREDENTIALS_MISSING"
  return createExplanation({
    ...WITHOUT_DETAILS,
    ...CAUSES[finding.cause],
    ...finding,
    ...(isPause ? { retryable: true, retryAfterMs } : {}),
    refusal: {
      status: undefined,
      errorCode: code && shownMessage(code, secrets),
      errorMessage: message === "" ? undefined : shownMessage(message, secrets),
      requestId: undefined,
    },
  })
}

const NOT_SENT: Finding = {
  cause: "not-sent",
  where: "request",
  confidence: "certain",
  evidence: [],
  source: "this library",
}

function ofClient({ message, code = "", name = "", reason }: Failure): Finding {
  const source = "the client"
  if (ENDED.test(code) || ENDED.test(name)) {
    const fix = "Look for what aborts the request: its AbortSignal, or a limit of the program."
    const evidence = ["The program ended the request."]
    return { cause: "no-answer", where: "request", confidence: "certain", fix, evidence, source }
  }
  if (reason === "bad port") {
    const fix = "Use another port: fetch sends nothing to those of other protocols."
    return { cause: "not-sent", where: "request", confidence: "certain", fix, evidence: [], source }
  }
  const sentence = NETWORK_FAULTS.find(([words]) => words.test(code === "" ? name : code))?.[1]
  const isNetwork = code === "" ? NETWORK_NAME.test(name) : NETWORK_CODE.test(code)
  // The cause of a fault of the network has a code; browsers give no cause.
  const isFailedFetch = code === "" && reason === undefined && FETCH_FAILED.test(message)
  if (sentence === undefined && !isNetwork && !isFailedFetch) return message === "" ? NOTHING : OTHER_ERROR
  return {
    cause: "no-answer",
    where: "network",
    confidence: sentence !== undefined ? "certain" : isNetwork ? "likely" : "possible",
    evidence: sentence === undefined ? [] : [sentence],
    source,
  }
}

const NOTHING: Finding = {
  cause: "unknown",
  where: "request",
  confidence: "possible",
  summary: "This is neither an answer nor an error.",
  fix: "Pass what the client gives: its error, its answer, or the text of the refusal.",
  evidence: [],
  source: "nothing",
}
const OTHER_ERROR: Finding = {
  ...NOTHING,
  summary: "The error holds no answer, and is not one of the network.",
  fix: "Read the message: the program itself may be at fault.",
}

/** The codes and names of an abort in each client. */
const ENDED = /^(?:ABORT_ERR|ERR_ABORTED|ERR_CANCELED|UND_ERR_ABORTED|AbortError|CanceledError|CancelError)$/

/** Of Node, undici, axios, got and Bun. */
const NETWORK_CODE =
  /^(?:E(?:AI_|ADDR|CONN|HOST|NET|NOTFOUND$|PIPE$|PROTO$|TIMEDOUT$)|UND_ERR_(?!INVALID|NOT_SUPPORTED)|HPE_|ERR_(?:NETWORK|TLS_|SSL_|HTTP2_|SOCKET_|STREAM_PREMATURE_CLOSE$|READING_RESPONSE_STREAM$)|UNABLE_TO_|Connection(?:Refused|Closed|Reset)$|FailedToOpenSocket$)/

/** Of a DOMException, and of ky and got. */
const NETWORK_NAME = /^(?:TimeoutError|NetworkError)$/

/** The messages of fetch in Node, Chrome, Safari, Firefox, Deno, Workers and cross-fetch. */
const FETCH_FAILED =
  /^(?:fetch failed|(?:Failed to fetch|Load failed)(?: \(.*\))?|NetworkError when attempting to fetch resource\.|network error|error sending request for url.*|Network connection lost|Network request failed)$/s

/** By the codes of Node and undici, else by the name. */
const NETWORK_FAULTS: readonly (readonly [words: RegExp, sentence: string])[] = [
  [/^ENOTFOUND$|^EAI_AGAIN$/, "The host name could not be resolved."],
  [/^ECONNREFUSED$/, "Nothing listens at that address."],
  [/^ECONNRESET$|^EPIPE$|^UND_ERR_SOCKET$/, "The connection was closed before an answer came."],
  [
    /^ETIMEDOUT$|^UND_ERR_\w+_TIMEOUT$|^ERR_SOCKET_\w*TIMEOUT$|^ECONNABORTED$|^TimeoutError$/,
    "The time for an answer was over.",
  ],
  [
    /^(?:ERR_TLS_)?CERT_|^(?:DEPTH_ZERO_)?SELF_SIGNED_CERT|^UNABLE_TO_/,
    "The certificate is not trusted: a proxy may open TLS, whose authority Node takes from NODE_EXTRA_CA_CERTS.",
  ],
]
