import { invalidOption } from "../errors/auth-error.ts"
import type { Token } from "../identity/credentials.ts"
import { identityKey, type ProviderContext } from "../identity/provider.ts"
import { checkBare } from "../runtime/environment.ts"
import { exchange, type IamRequest } from "./exchange.ts"
import { readToken } from "./iam-answer.ts"
import { checkInteger, type IamConnection } from "./iam-connection.ts"
import { readSecret, type Secret } from "./secret.ts"
import { type NameOrId, namedBody, namedText, scopeBody, type TokenScope } from "./token-scope.ts"

/** Omits the catalog, which makes an answer large and is not used here. */
const PATH = "/v3/auth/tokens?nocatalog=true"

/**
 * A request for a user's token by password, with a virtual MFA code where login protection requires one.
 *
 * @see IAM API reference, "Obtaining a User Token Through Password Authentication" and "... and Virtual MFA"
 */
export function passwordTokenRequest({
  user,
  domain,
  password,
  passcode,
  scope,
}: {
  user: NameOrId
  domain?: NameOrId | undefined
  password: string
  passcode?: string | undefined
  scope: TokenScope
}): IamRequest {
  const byName = typeof user === "string" && domain !== undefined
  const hasPasscode = passcode !== undefined
  return {
    method: "POST",
    path: PATH,
    body: {
      auth: {
        identity: {
          methods: hasPasscode ? ["password", "totp"] : ["password"],
          password: { user: { ...namedBody(user), password, domain: byName ? namedBody(domain) : undefined } },
          totp: hasPasscode ? { user: { ...namedBody(user), passcode } } : undefined,
        },
        scope: scopeBody(scope),
      },
    },
    secrets: hasPasscode ? [password, passcode] : [password],
    action: `Asking IAM for a token of user ${namedText(user)} by password`,
    advice: {
      401:
        "Check user, domain, password and scope. A Huawei ID cannot get a token by password: use an IAM user. " +
        (hasPasscode
          ? "A passcode is valid for half a minute and for one use: pass `passcode` as a function."
          : "If login protection by virtual MFA is on, pass `passcode`, and the user as { id }."),
      404: "Check the project or domain of `scope`: it does not exist, or the user cannot see it.",
    },
  }
}

/**
 * A request for a token of an agency in the account `domain`. The caller adds X-Auth-Token.
 *
 * @see IAM API reference, "Obtaining an Agency Token"
 */
export function agencyTokenRequest({
  agency,
  domain,
  scope,
}: {
  agency: string
  domain: NameOrId
  scope: TokenScope
}): IamRequest {
  return {
    method: "POST",
    path: PATH,
    body: {
      auth: {
        identity: { methods: ["assume_role"], assume_role: { agency_name: agency, ...delegatingDomain(domain) } },
        scope: scopeBody(scope),
      },
    },
    secrets: [],
    action: `Asking IAM for a token of agency "${agency}" of domain ${namedText(domain)}`,
    advice: AGENCY_ADVICE,
  }
}

/** The member of `assume_role` that names the account of the agency. */
function delegatingDomain(domain: NameOrId): { domain_id: string } | { domain_name: string } {
  return typeof domain === "string" ? { domain_name: domain } : { domain_id: domain.id }
}

const VIA_REFUSED = "IAM does not accept the authentication passed as `via`."

const AGENCY_ADVICE: NonNullable<IamRequest["advice"]> = {
  401: VIA_REFUSED,
  403: "The user behind `via` needs the Agent Operator permission, and the agency must delegate to its account.",
  404: "Check the names: the account must exist and have an agency of that name for the account of `via`.",
}

/**
 * A request for a token for the bearer of an OpenID Connect id token; unscoped without `scope`.
 *
 * @see IAM API reference, "Obtaining a Token with an OpenID Connect ID Token"
 */
function federatedTokenRequest({
  idpId,
  idToken,
  scope,
}: {
  idpId: string
  idToken: string
  scope?: TokenScope | undefined
}): IamRequest {
  return {
    method: "POST",
    path: "/v3.0/OS-AUTH/id-token/tokens",
    headers: { "x-idp-id": idpId },
    body: { auth: { id_token: { id: idToken }, scope: scope && scopeBody(scope) } },
    secrets: [idToken],
    action: `Asking IAM for a token by an id token of identity provider "${idpId}"`,
    advice: {
      401: "IAM does not accept the id token: it may have expired, be meant for another audience, or be signed by another key.",
      403: "Check the conversion rules of the identity provider: they assign no group to this user.",
      404: "Check `idpId`: there is no such identity provider, or it has no OpenID Connect protocol.",
    },
  }
}

/** The options of a temporary access key. */
export interface TemporaryKeyRequest {
  durationSeconds?: number | undefined
  policy?: object | undefined
}

/**
 * A request for a temporary access key through an agency. The caller adds X-Auth-Token or a signature.
 *
 * @see IAM API reference, "Obtaining a Temporary Access Key and Security Token Through an Agency"
 */
export function agencyCredentialsRequest({
  agency,
  domain,
  sessionUser,
  durationSeconds,
  policy,
}: TemporaryKeyRequest & {
  agency: string
  domain: NameOrId
  sessionUser?: string | undefined
}): IamRequest {
  const assumed = {
    agency_name: agency,
    ...delegatingDomain(domain),
    duration_seconds: durationSeconds,
    session_user: sessionUser === undefined ? undefined : { name: sessionUser },
  }
  return temporaryKeyRequest(
    { methods: ["assume_role"], assume_role: assumed, policy },
    `Asking IAM for a temporary access key through agency "${agency}" of domain ${namedText(domain)}`,
    AGENCY_ADVICE,
  )
}

/**
 * A request for a temporary access key of the caller, who adds X-Auth-Token or a signature.
 *
 * @see IAM API reference, "Obtaining a Temporary Access Key and Security Token Through a Token"
 */
export function tokenCredentialsRequest({ durationSeconds, policy }: TemporaryKeyRequest): IamRequest {
  const token = durationSeconds === undefined ? undefined : { duration_seconds: durationSeconds }
  const advice = { 401: VIA_REFUSED }
  return temporaryKeyRequest({ methods: ["token"], token, policy }, "Asking IAM for a temporary access key", advice)
}

function temporaryKeyRequest(identity: object, action: string, advice: IamRequest["advice"]): IamRequest {
  return {
    method: "POST",
    path: "/v3.0/OS-CREDENTIAL/securitytokens",
    body: { auth: { identity } },
    secrets: [],
    action,
    advice,
  }
}

/** Options of a temporary key. */
export interface TemporaryKeyOptions {
  /** The lifetime of the key, from 900 to 86400 seconds. @default 900, the default of IAM */
  durationSeconds?: number | undefined
  /** Limits the permissions of the key on OBS: { Version: "1.1", Statement: [...] }, at most 8 statements. */
  policy?: object | undefined
}

const IAM_DEFAULT_SECONDS = 900

export function checkTemporaryKeyOptions({ durationSeconds, policy }: TemporaryKeyOptions): TemporaryKeyOptions & {
  /** The longest lifetime that the key can have. */
  longestMs: number
  /** Tells keys with different options apart. */
  key: string
} {
  checkInteger(durationSeconds, "durationSeconds", 900, 86_400)
  if (policy !== undefined && (typeof policy !== "object" || policy === null || Array.isArray(policy))) {
    throw invalidOption('`policy` must be an object: { Version: "1.1", Statement: [...] }.')
  }
  const seconds = durationSeconds ?? IAM_DEFAULT_SECONDS
  return {
    durationSeconds,
    policy,
    longestMs: seconds * 1000,
    key: identityKey(`${seconds}s`, policy === undefined ? undefined : JSON.stringify(policy)),
  }
}

/** Sends a request for a token and reads the token in the answer. */
export async function requestToken(
  connection: IamConnection,
  request: IamRequest,
  { signal, reportIssuerTime }: ProviderContext<unknown> = {},
): Promise<Token> {
  return readToken(connection, request, await exchange(connection, request, signal), reportIssuerTime)
}

/** Exchanges an id token, which is read again each time, for an IAM token. */
export async function requestFederatedToken(
  connection: IamConnection,
  { idpId, idToken, scope }: { idpId: string; idToken: Secret; scope?: TokenScope | undefined },
  context: ProviderContext<unknown> = {},
): Promise<Token> {
  const text = (await readSecret(idToken, "idToken", context.signal)).trim()
  const request = federatedTokenRequest({ idpId, idToken: checkBare(text, "The id token"), scope })
  return await requestToken(connection, request, context)
}
