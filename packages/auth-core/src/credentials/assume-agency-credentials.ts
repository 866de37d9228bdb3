import { invalidOption } from "../errors/auth-error.ts"
import { type IamRequest, signedExchange } from "../iam/exchange.ts"
import { readCredentials, STS_SHAPE } from "../iam/iam-answer.ts"
import { checkInteger, type StsOptions, stsConnection } from "../iam/iam-connection.ts"
import { checkSource, connectionOf, sourcedKey, withSource } from "../iam/iam-provider.ts"
import { checkSecret, readSecret, type Secret } from "../iam/secret.ts"
import { checkName } from "../iam/token-scope.ts"
import type { CredentialProvider } from "../identity/provider.ts"

export interface AssumeAgencyCredentialsOptions extends StsOptions {
  /** The source of the access key that signs the call, permanent or temporary. */
  via: CredentialProvider
  /** The URN of the agency or trust agency, such as `iam::<account id>:agency:<name>`. */
  agencyUrn: string
  /** Names the session in the audit log. */
  sessionName: string
  /**
   * The lifetime of the key, from 900 seconds to the limit of the agency, at most 43200; at most 3600 if `via` yields a
   * temporary key.
   * @default 3600, the default of STS
   */
  durationSeconds?: number | undefined
  /** The id that the owner of the agency agreed on with you, where its trust policy requires one. */
  externalId?: string | undefined
  /** A session policy that limits the permissions of the key: an object, or its JSON text. */
  policy?: object | string | undefined
  /** The ids of identity policies that limit the permissions of the key. */
  policyIds?: readonly string[] | undefined
  /** The serial number of the MFA device, where the trust policy requires MFA. Needs `tokenCode`. */
  serialNumber?: string | undefined
  /**
   * The code of the MFA device. A function is called at each refresh; its providers share the cached key with others
   * that have the same key of `via` and pass a function. With a text, the cached key belongs to this provider alone.
   */
  tokenCode?: Secret | undefined
  /** The identity behind the caller. It stays through further assumptions. */
  sourceIdentity?: string | undefined
  /** Session tags. */
  tags?: ReadonlyArray<{ readonly key: string; readonly value: string }> | undefined
  /** The keys of tags that stay through further assumptions. */
  transitiveTagKeys?: readonly string[] | undefined
}

/**
 * Temporary access keys of an agency or trust agency, from STS.
 *
 * If STS does not know the key of `via`, `via` is asked for another one, once.
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
    throw invalidOption("`serialNumber` and `tokenCode` belong together: pass both or neither.")
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
  // A code that is a text can be used once, so its key belongs to this provider alone.
  const parts = [agencyUrn, sessionName, JSON.stringify(members)]
  const key =
    typeof tokenCode === "string" ? undefined : sourcedKey(via, "assume-agency", connection.endpoint, ...parts)
  const longestMs = (options.durationSeconds ?? 3600) * 1000
  return Object.assign(
    async (context: Parameters<CredentialProvider>[0]) =>
      withSource(via, "credentials", context, async (credentials) => {
        const code = tokenCode === undefined ? undefined : await readSecret(tokenCode, "tokenCode", context?.signal)
        const request = assumeAgencyRequest(agencyUrn, sessionName, { ...members, token_code: code })
        const answer = await signedExchange(connection, request, credentials, context?.signal)
        return readCredentials(connection, request, answer, STS_SHAPE, context?.reportIssuerTime, longestMs)
      }),
    {
      identityKey: key,
      yields: "credentials" as const,
      binding: via.binding,
      label: `session ${sessionName} of ${agencyUrn}`,
    },
  )
}

/** The members of the body, except those that name agency and session. */
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
 * A request for a temporary access key of an agency or trust agency. The caller signs it.
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
      401: "STS does not accept the access key passed as `via`.",
      403: "The agency must trust the caller, the caller needs sts:agencies:assume, and MFA or an external id may be required.",
      404: "Check `agencyUrn`: there is no such agency.",
    },
  }
}
