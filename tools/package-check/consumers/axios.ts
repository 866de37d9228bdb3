import { akskAuth, staticCredentials, withAuth } from "@countersign/axios"
import axios from "axios"

export async function works(echo: string): Promise<boolean> {
  const auth = akskAuth(staticCredentials({ accessKeyId: "sample-ak", secretAccessKey: "sample-sk" }))
  const client = withAuth(axios.create(), auth, { hosts: ["127.0.0.1"] })
  const { data: bare } = await client.get<string>(echo, { countersign: false })
  const { data } = await client.get<string>(echo, { countersign: auth })
  return bare === "" && data.startsWith("SDK-HMAC-SHA256 ")
}
