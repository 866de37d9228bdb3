import { AuthError } from "../errors/auth-error.ts"
import { signedExchange } from "../iam/exchange.ts"
import { readCredentials, STS_SHAPE } from "../iam/iam-answer.ts"
import { checkInteger, connectionOf, type StsOptions, stsConnection } from "../iam/iam-connection.ts"
import type { IamRequest } from "../iam/iam-request.ts"
import { checkSecret, readSecret, type Secret } from "../iam/secret.ts"
import { checkSource, sourceKey, withSource } from "../iam/source-provider.ts"
import { checkName } from "../iam/token-scope.ts"
import { type CredentialProvider, identityKey } from "../identity/provider.ts"

export interface AssumeAgencyCredentialsOptions extends StsOptions {
  /** Whose access key signs the call; permanent or temporary. */
  via: CredentialProvider
  /** URN of the agency or trust agency, such as `iam::<account id>:agency:<name>`. */
  agencyUrn: string
  /** Names the session in the audit log. */
  sessionName: string
  /**
   * Life of the key, from 900 seconds to the agency's own limit, 43200 at most; to 3600 when `via` gives a temporary key.
   * @default 3600, STS's own
   */
  durationSeconds?: number | undefined
  /** What the holder of the agency agreed on with you, where its trust policy demands it. */
  externalId?: string | undefined
  /** Session policy that narrows what the key may do: an object, sent as JSON text, or that text. */
  policy?: object | string | undefined
  /** Ids of identity policies that narrow what the key may do. */
  policyIds?: readonly string[] | undefined
  /** Serial number of the MFA device, where the trust policy demands MFA; goes with `tokenCode`. */
  serialNumber?: string | undefined
  /**
   * Code of the MFA device. A function is asked at each refresh: whoever has the key of `via` and gives a function then gets
   * the cached key. What a code that is a text gets is its provider's alone.
   */
  tokenCode?: Secret | undefined
  /** Who is behind the caller; stays through further assumptions. */
  sourceIdentity?: string | undefined
  /** Session tags. */
  tags?: ReadonlyArray<{ readonly key: string; readonly value: string }> | undefined
  /** Keys of those tags that stay through further assumptions. */
  transitiveTagKeys?: readonly string[] | undefined
}

/**
 * Temporary access keys of an agency or trust agency, by STS.
 *
 * When STS does not know the key that `via` gave, another one is asked for, once.
 *
 * @throws {AuthError} `AUTH_INVALID_OPTION` or `AUTH_INSECURE_URL` at once; when asked, as {@link tokenCredentials}.
 * @see IAM API reference (new), AssumeAgency
 */
export function assumeAgencyCredentials(options: AssumeAgencyCredentialsOptions): CredentialProvider {
  const via = checkSource(options.via, "credentials")
  const agencyUrn = checkName(options.agencyUrn, "agencyUrn")
  const sessionName = checkName(options.sessionName, "sessionName")
  const tokenCode = options.tokenCode === undefined ? undefined : checkSecret(options.tokenCode, "tokenCode")
  if ((tokenCode === undefined) !== (options.serialNumber === undefined)) {
    throw new AuthError("AUTH_INVALID_OPTION", "`serialNumber` and `tokenCode` go together: give both or neither.")
  }
  const { policy } = options
  const members = {
    duration_seconds: checkInteger(options.durationSeconds, "durationSeconds", 900, 43_200),
    external_id: options.externalId,
    policy: typeof policy === "object" ? JSON.stringify(policy) : policy,
    policy_ids: options.policyIds,
    serial_number: options.serialNumber,
    source_identity: options.sourceIdentity,
    tags: options.tags,
    transitive_tag_keys: options.transitiveTagKeys,
  }
  const connection = stsConnection(options, connectionOf(via))
  const caller = sourceKey(via)
  // A code that is a text is a secret for one use: what it gets is its provider's alone.
  const key =
    caller === undefined || typeof tokenCode === "string"
      ? undefined
      : identityKey("assume-agency", connection.endpoint, caller, agencyUrn, sessionName, JSON.stringify(members))
  const longestMs = (options.durationSeconds ?? 3600) * 1000
  return Object.assign(
    async (context: Parameters<CredentialProvider>[0]) =>
      withSource(via, "credentials", context, async (credentials) => {
        const code = tokenCode === undefined ? undefined : await readSecret(tokenCode, "tokenCode", context?.signal)
        const request = assumeAgencyRequest(agencyUrn, sessionName, { ...members, token_code: code })
        const answer = await signedExchange(connection, request, credentials, context?.signal)
        return readCredentials(connection, request, answer, STS_SHAPE, context?.reportIssuerTime, longestMs)
      }),
    { identityKey: key, yields: "credentials" as const, binding: via.binding },
  )
}

/** Members of the body as STS spells them, apart from the two that name agency and session. */
interface AssumeAgencyMembers {
  duration_seconds?: number | undefined
  external_id?: string | undefined
  policy?: string | undefined
  policy_ids?: readonly string[] | undefined
  serial_number?: string | undefined
  token_code?: string | undefined
  source_identity?: string | undefined
  tags?: ReadonlyArray<{ readonly key: string; readonly value: string }> | undefined
  transitive_tag_keys?: readonly string[] | undefined
}

/**
 * A temporary access key of an agency or trust agency. Still to be signed.
 *
 * @see IAM API reference (new), AssumeAgency
 */
function assumeAgencyRequest(agencyUrn: string, sessionName: string, members: AssumeAgencyMembers): IamRequest {
  return {
    method: "POST",
    path: "/v5/agencies/assume",
    body: { agency_urn: agencyUrn, agency_session_name: sessionName, ...members },
    secrets: members.token_code === undefined ? [] : [members.token_code],
    action: `Asking STS for a temporary access key of agency ${agencyUrn}`,
    advice: {
      401: "The access key given as `via` is not accepted.",
      403: "The agency must trust the caller, the caller needs sts:agencies:assume, and MFA or an external id may be demanded.",
      404: "Check `agencyUrn`: there is no such agency.",
    },
  }
}
