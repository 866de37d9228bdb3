import { AuthError } from "../errors/auth-error.ts"
import { checkUrl, isAnyHost, isMachineLocal } from "../iam/endpoint.ts"
import { exchange } from "../iam/exchange.ts"
import { POD_SHAPE, readCredentials } from "../iam/iam-answer.ts"
import { type IamOptions, transportOf } from "../iam/iam-connection.ts"
import { secretFile } from "../iam/secret.ts"
import { type CredentialProvider, yielding } from "../identity/provider.ts"
import { checkBare, environmentVariable } from "../runtime/environment.ts"

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
