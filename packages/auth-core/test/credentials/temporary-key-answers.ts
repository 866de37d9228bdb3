import type { Answer } from "@countersign/testkit"

export const KEY_EXPIRES_AT = Date.UTC(2026, 0, 1, 0, 15)

/** A 201 of POST /v3.0/OS-CREDENTIAL/securitytokens, as in the API reference. The metadata service has the same form. */
export function securityTokenAnswer(credential: object = {}, status = 201): Answer {
  return {
    status,
    body: JSON.stringify({
      credential: {
        access: "TEMPORARYAK",
        secret: "temporary-SK",
        securitytoken: "temporary-security-token",
        expires_at: "2026-01-01T00:15:00.000000Z",
        ...credential,
      },
    }),
  }
}

export const TEMPORARY_KEY = {
  accessKeyId: "TEMPORARYAK",
  secretAccessKey: "temporary-SK",
  securityToken: "temporary-security-token",
  expiresAt: KEY_EXPIRES_AT,
}
