import { akskAuth, staticCredentials, withAuth } from "@countersign/got"

export async function works(echo: string): Promise<boolean> {
  const { default: got } = await import("got")
  const auth = akskAuth(staticCredentials({ accessKeyId: "sample-ak", secretAccessKey: "sample-sk" }))
  const authorization = await withAuth(got, auth, { hosts: ["127.0.0.1"] })
    .get(echo)
    .text()
  return authorization.startsWith("SDK-HMAC-SHA256 ")
}
