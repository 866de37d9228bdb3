import { akskAuth, staticCredentials, withAuth } from "@countersign/ky"

export async function works(echo: string): Promise<boolean> {
  const { default: ky } = await import("ky")
  const auth = akskAuth(staticCredentials({ accessKeyId: "sample-ak", secretAccessKey: "sample-sk" }))
  const client = withAuth(ky, auth, { hosts: ["127.0.0.1"] })
  const bare = await client.get(echo, { countersign: false }).text()
  const authorization = await client.get(echo).text()
  return bare === "" && authorization.startsWith("SDK-HMAC-SHA256 ")
}
