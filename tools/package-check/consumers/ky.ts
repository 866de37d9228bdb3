import { akskAuth, staticCredentials, withAuth } from "@countersign/ky"
import ky from "ky"

export async function works(echo: string): Promise<boolean> {
  const auth = akskAuth(staticCredentials({ accessKeyId: "sample-ak", secretAccessKey: "sample-sk" }))
  const authorization = await withAuth(ky, auth, { hosts: ["127.0.0.1"] })
    .get(echo)
    .text()
  return authorization.startsWith("SDK-HMAC-SHA256 ")
}
