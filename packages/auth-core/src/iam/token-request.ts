import { AuthError } from "../errors/auth-error.ts"
import { identityKey } from "../identity/provider.ts"
import { checkInteger } from "./iam-connection.ts"
import type { IamRequest } from "./iam-request.ts"
import { type NameOrId, namedBody, namedText, scopeBody, type TokenScope } from "./token-scope.ts"

/** The catalog makes an answer large and is of no use here. */
const PATH = "/v3/auth/tokens?nocatalog=true"

/**
 * A user's token by password, with a virtual MFA code where login protection asks for one.
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
  const passwordUser = { ...namedBody(user), password, ...(byName ? { domain: namedBody(domain) } : undefined) }
  const second = passcode === undefined ? undefined : { totp: { user: { ...namedBody(user), passcode } } }
  return {
    method: "POST",
    path: PATH,
    body: {
      auth: {
        identity: {
          methods: second === undefined ? ["password"] : ["password", "totp"],
          password: { user: passwordUser },
          ...second,
        },
        scope: scopeBody(scope),
      },
    },
    secrets: passcode === undefined ? [password] : [password, passcode],
    action: `Asking IAM for a token of user ${namedText(user)} by password`,
    advice: {
      401:
        "Check user, domain, password and scope. A Huawei ID gets no token by password: use an IAM user. " +
        (passcode === undefined
          ? "When login protection by virtual MFA is on, give `passcode`, and the user as { id }."
          : "A passcode holds for half a minute and for one use: give `passcode` as a function."),
      404: "Check the project or domain of `scope`: it does not exist, or the user cannot see it.",
    },
  }
}

/**
 * A token of an agency that exists in the account `domain`. Needs X-Auth-Token, still to be added.
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

/** Members of `assume_role` that name the account whose agency it is. */
function delegatingDomain(domain: NameOrId): { domain_id: string } | { domain_name: string } {
  return typeof domain === "string" ? { domain_name: domain } : { domain_id: domain.id }
}

const AGENCY_ADVICE: NonNullable<IamRequest["advice"]> = {
  401: "The authentication given as `via` is not accepted.",
  403: "The user behind `via` needs the Agent Operator permission, and the agency must delegate to its account.",
  404: "Check the names: the account must exist, and hold an agency of that name for the account of `via`.",
}

/**
 * A token for the bearer of an OpenID Connect id token; unscoped without `scope`.
 *
 * @see IAM API reference, "Obtaining a Token with an OpenID Connect ID Token"
 */
export function federatedTokenRequest({
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
    body: { auth: { id_token: { id: idToken }, ...(scope === undefined ? undefined : { scope: scopeBody(scope) }) } },
    secrets: [idToken],
    action: `Asking IAM for a token by an id token of identity provider "${idpId}"`,
    advice: {
      401: "The id token is not accepted: it may have expired, be meant for another audience, or be signed by another key.",
      403: "Check the conversion rules of the identity provider: they give this user no group.",
      404: "Check `idpId`: there is no such identity provider, or it has no OpenID Connect protocol.",
    },
  }
}

const TEMPORARY_KEY_PATH = "/v3.0/OS-CREDENTIAL/securitytokens"

/** What may be asked of a temporary access key, beside whose it is. */
export interface TemporaryKeyRequest {
  durationSeconds?: number | undefined
  policy?: object | undefined
}

/**
 * A temporary access key through an agency. Needs X-Auth-Token, or a signature, still to be added.
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
  return {
    method: "POST",
    path: TEMPORARY_KEY_PATH,
    body: {
      auth: {
        identity: {
          methods: ["assume_role"],
          assume_role: {
            agency_name: agency,
            ...delegatingDomain(domain),
            ...(durationSeconds === undefined ? undefined : { duration_seconds: durationSeconds }),
            ...(sessionUser === undefined ? undefined : { session_user: { name: sessionUser } }),
          },
          ...(policy === undefined ? undefined : { policy }),
        },
      },
    },
    secrets: [],
    action: `Asking IAM for a temporary access key through agency "${agency}" of domain ${namedText(domain)}`,
    advice: AGENCY_ADVICE,
  }
}

/**
 * A temporary access key of the bearer of a token. Needs X-Auth-Token, still to be added.
 *
 * @see IAM API reference, "Obtaining a Temporary Access Key and Security Token Through a Token"
 */
export function tokenCredentialsRequest({ durationSeconds, policy }: TemporaryKeyRequest): IamRequest {
  return {
    method: "POST",
    path: TEMPORARY_KEY_PATH,
    body: {
      auth: {
        identity: {
          methods: ["token"],
          ...(durationSeconds === undefined ? undefined : { token: { duration_seconds: durationSeconds } }),
          ...(policy === undefined ? undefined : { policy }),
        },
      },
    },
    secrets: [],
    action: "Asking IAM for a temporary access key by token",
    advice: { 401: "The token given as `via` is not accepted." },
  }
}

export interface TemporaryKeyOptions {
  /** Life of the key, from 900 to 86400 seconds. @default 900, IAM's own */
  durationSeconds?: number | undefined
  /** Narrows what the key may do on OBS: { Version: "1.1", Statement: [...] }, at most 8 statements. */
  policy?: object | undefined
}

const IAM_DEFAULT_SECONDS = 900

export function checkTemporaryKeyOptions({ durationSeconds, policy }: TemporaryKeyOptions): TemporaryKeyOptions & {
  /** The longest life that the key can have. */
  longestMs: number
  /** Tells keys that differ in these options apart. */
  key: string
} {
  checkInteger(durationSeconds, "durationSeconds", 900, 86_400)
  if (policy !== undefined && (typeof policy !== "object" || policy === null || Array.isArray(policy))) {
    throw new AuthError("AUTH_INVALID_OPTION", '`policy` must be an object: { Version: "1.1", Statement: [...] }.')
  }
  const seconds = durationSeconds ?? IAM_DEFAULT_SECONDS
  return {
    durationSeconds,
    policy,
    longestMs: seconds * 1000,
    key: identityKey(`${seconds}s`, policy === undefined ? undefined : JSON.stringify(policy)),
  }
}
