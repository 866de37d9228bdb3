import type { IamRequest } from "./iam-request.ts"
import { type NameOrId, namedText } from "./name-or-id.ts"
import { AGENCY_ADVICE, delegatingDomain } from "./token-request.ts"

const PATH = "/v3.0/OS-CREDENTIAL/securitytokens"

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
    path: PATH,
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
    path: PATH,
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
