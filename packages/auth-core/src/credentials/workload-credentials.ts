import { AuthError, isAuthError } from "../errors/auth-error.ts"
import { exchange, type IamAnswer, type IamRequest, rejectionError, roundTrip } from "../iam/exchange.ts"
import { IAM_SHAPE, POD_SHAPE, readCredentials } from "../iam/iam-answer.ts"
import { checkUrl, type IamOptions, isAnyHost, isMachineLocal, transportOf } from "../iam/iam-connection.ts"
import { secretFile } from "../iam/secret.ts"
import { type CredentialProvider, yielding } from "../identity/provider.ts"
import { checkBare, environmentVariable } from "../runtime/environment.ts"

/** Options of {@link metadataCredentials}. */
export interface MetadataCredentialsOptions extends Pick<IamOptions, "fetch" | "clock"> {
  /** The origin of the metadata service. @default "http://169.254.169.254" */
  endpoint?: string | undefined
  /** The longest that one round trip may take, milliseconds of real time. @default 3_000 */
  timeoutMs?: number | undefined
}

const TOKEN_LIFE_MS = 6 * 60 * 60_000
/** How long a metadata service without tokens is not asked for one again. */
const NO_TOKENS_MS = 24 * 60 * 60_000
const NO_AGENCY = "Please configure Cloud Service Agency first"

const ADVICE: IamRequest["advice"] = {
  401: "It may accept only requests with a token of its own: check that no proxy or firewall drops the header X-Metadata-Token.",
  403: "It refuses this process, whatever the credentials: check that the ECS server has its metadata service switched on, and that no proxy, firewall or network policy stands in between.",
}

const ASK_TOKEN: IamRequest = {
  method: "PUT",
  path: "/meta-data/latest/api/token",
  headers: { "x-metadata-token-ttl-seconds": String(TOKEN_LIFE_MS / 1000) },
  secrets: [],
  action: "Asking the ECS metadata service for a token",
  advice: ADVICE,
}

/**
 * Temporary access keys of the agency of an ECS server, from its metadata service: by version 2, which needs a token,
 * or by version 1 where there is no token.
 *
 * It fails after one `timeoutMs` where no metadata service answers, and after four at most where one does.
 *
 * @throws {AuthError} `AUTH_INVALID_OPTION` or `AUTH_INSECURE_URL` at once. When asked: `AUTH_CREDENTIALS_MISSING` when
 * there is no metadata service, or the server has no agency; `AUTH_TOKEN_REQUEST_FAILED` when the service fails;
 * `AUTH_TOKEN_RESPONSE_INVALID`.
 * @see ECS user guide, "Obtaining Metadata": security key
 */
export function metadataCredentials(options: MetadataCredentialsOptions = {}): CredentialProvider {
  const { endpoint = "http://169.254.169.254" } = options
  const connection = {
    ...transportOf(options, undefined, 3_000),
    endpoint: checkUrl(endpoint, "`endpoint`", isMachineLocal).origin,
  }
  const { clock } = connection
  let token: string | undefined
  let tokenHolds = Number.NEGATIVE_INFINITY
  let isThere = false
  let hasServed = false

  const renewToken = async (signal: AbortSignal | undefined, isNeeded: boolean): Promise<void> => {
    const answer = await roundTrip(connection, ASK_TOKEN, signal)
    const hasNone = answer.status === 404 || answer.status === 405 || answer.status === 503
    if (answer.status !== 200 && (isNeeded || !hasNone)) throw rejectionError(connection, ASK_TOKEN, answer)
    token = answer.status === 200 ? tokenIn(answer.text) : undefined
    isThere ||= token !== undefined
    // Not used in its last tenth, so that it cannot expire on the way.
    tokenHolds = clock.monotonic() + (token === undefined ? NO_TOKENS_MS : TOKEN_LIFE_MS * 0.9)
  }
  const askKey = async (signal: AbortSignal | undefined): Promise<[IamRequest, IamAnswer]> => {
    const request = keyRequest(token)
    return [request, await roundTrip(connection, request, signal)]
  }
  return yielding("credentials", async (context) => {
    const signal = context?.signal
    try {
      if (clock.monotonic() >= tokenHolds) await renewToken(signal, false)
      let [request, answer] = await askKey(signal)
      if (answer.status === 401 && !answer.text.includes(NO_AGENCY)) {
        await renewToken(signal, true)
        ;[request, answer] = await askKey(signal)
      }
      if (answer.text.includes(NO_AGENCY) || answer.status === 404) throw withoutAgency(connection.endpoint)
      if (answer.status !== 200) throw rejectionError(connection, request, answer)
      const credentials = readCredentials(connection, request, answer, IAM_SHAPE, context?.reportIssuerTime)
      hasServed = true
      return credentials
    } catch (error) {
      if (!isAuthError(error) || error.code === "AUTH_CREDENTIALS_MISSING") throw error
      // Other clouds and network login pages answer at this address too. But a service that answered before exists, and
      // fails.
      const isForeign = error.code === "AUTH_TOKEN_RESPONSE_INVALID"
      if (hasServed || (isThere && !isForeign)) throw error
      throw new AuthError("AUTH_CREDENTIALS_MISSING", `This seems not to be an ECS server. ${error.message}`)
    }
  })
}

function tokenIn(text: string): string {
  const token = text.trim()
  if (/^[\w.+/=-]+$/.test(token)) return token
  throw new AuthError("AUTH_TOKEN_RESPONSE_INVALID", `${ASK_TOKEN.action} failed: the answer is not a token.`)
}

function keyRequest(token: string | undefined): IamRequest {
  return {
    method: "GET",
    path: "/openstack/latest/securitykey",
    headers: token === undefined ? {} : { "x-metadata-token": token },
    secrets: token === undefined ? [] : [token],
    action: "Asking the ECS metadata service for an access key",
    advice: ADVICE,
  }
}

function withoutAgency(endpoint: string): AuthError {
  return new AuthError(
    "AUTH_CREDENTIALS_MISSING",
    `This ECS server has no agency: in the console, assign it one for the cloud service ECS. Then ${endpoint} serves its access key.`,
    { endpoint },
  )
}

/** Options of {@link podCredentials}. */
export interface PodCredentialsOptions extends Pick<IamOptions, "fetch" | "clock" | "allowInsecure"> {
  /** The longest that the round trip may take, milliseconds of real time. @default 5_000 */
  timeoutMs?: number | undefined
}

const URI = "HC_CONTAINER_CREDENTIALS_FULL_URI"
const TOKEN_FILE = "HC_CONTAINER_AUTHORIZATION_TOKEN_FILE"

/**
 * Temporary access keys of a pod's identity in CCE. They come from the URL in HC_CONTAINER_CREDENTIALS_FULL_URI, with
 * the token in the file HC_CONTAINER_AUTHORIZATION_TOKEN_FILE, which is read each time. For Node.js, Bun and Deno.
 *
 * @throws {AuthError} `AUTH_INVALID_OPTION` at once. When asked: `AUTH_CREDENTIALS_MISSING` when a variable or the file
 * is missing; `AUTH_INSECURE_URL` for plain http beyond this machine and its link; else as {@link tokenCredentials}.
 */
export function podCredentials(options: PodCredentialsOptions = {}): CredentialProvider {
  const transport = transportOf(options, undefined, 5_000)
  return yielding("credentials", async (context) => {
    const uri = environmentVariable(URI)
    const file = environmentVariable(TOKEN_FILE)
    if (uri === undefined || file === undefined) {
      throw new AuthError("AUTH_CREDENTIALS_MISSING", `The environment lacks ${uri === undefined ? URI : TOKEN_FILE}.`)
    }
    const { origin, pathname, search } = checkUrl(uri, URI, options.allowInsecure === true ? isAnyHost : isMachineLocal)
    const authorization = checkBare(await secretFile(file)(), `The token in the file ${file}`)
    const connection = { ...transport, endpoint: origin }
    const request = {
      method: "POST" as const,
      path: pathname + search,
      headers: { authorization },
      body: {},
      secrets: [authorization],
      action: "Asking the pod identity service of CCE for an access key",
    }
    const answer = await exchange(connection, request, context?.signal)
    return readCredentials(connection, request, answer, POD_SHAPE, context?.reportIssuerTime)
  })
}
