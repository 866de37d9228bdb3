import { akskAuth, authInterceptor, staticCredentials } from "@countersign/undici"
import { Agent, request } from "undici"

export async function works(echo: string): Promise<boolean> {
  const auth = akskAuth(staticCredentials({ accessKeyId: "sample-ak", secretAccessKey: "sample-sk" }))
  const dispatcher = new Agent().compose(authInterceptor(auth, { hosts: ["127.0.0.1"] }))
  const { body } = await request(echo, { dispatcher })
  const authorization = await body.text()
  return authorization.startsWith("SDK-HMAC-SHA256 ")
}
