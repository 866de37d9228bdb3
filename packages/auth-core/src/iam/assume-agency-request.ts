import type { IamRequest } from "./iam-request.ts"

/** Members of the body as STS spells them, apart from the two that name agency and session. */
export interface AssumeAgencyMembers {
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
export function assumeAgencyRequest(agencyUrn: string, sessionName: string, members: AssumeAgencyMembers): IamRequest {
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
