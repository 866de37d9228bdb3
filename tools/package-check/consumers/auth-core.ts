import "@countersign/auth-core/sm3"
import { type Credentials, sign } from "@countersign/auth-core"

export async function works(echo: string): Promise<boolean> {
  const credentials: Credentials = { accessKeyId: "sample-ak", secretAccessKey: "sample-sk" }
  const headers = sign({ method: "GET", url: echo }, credentials, { algorithm: "SDK-HMAC-SM3" })
  const response = await fetch(echo, { headers })
  const authorization = await response.text()
  return authorization.startsWith("SDK-HMAC-SM3 ")
}
