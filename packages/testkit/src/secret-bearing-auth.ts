import type { Auth } from "@countersign/auth-core"

/** An auth whose headers hold `secret-1` and `secret-2`, to look for in what a client shows. */
export const secretBearingAuth: Auth = {
  bodyLimit: () => 1_000,
  authenticate: () => ({
    headers: { authorization: "SDK-HMAC-SHA256 Signature=secret-1", "x-security-token": "secret-2" },
    used: undefined,
  }),
  judge: () => false,
}
