import { akskAuth, createFetch, staticCredentials } from "@countersign/fetch"

export async function works(echo: string): Promise<boolean> {
  const auth = akskAuth(staticCredentials({ accessKeyId: "sample-ak", secretAccessKey: "sample-sk" }))
  const response = await createFetch(auth, { hosts: ["127.0.0.1"] })(echo)
  const authorization = await response.text()
  return authorization.startsWith("SDK-HMAC-SHA256 ")
}
