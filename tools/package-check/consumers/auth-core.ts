import "@countersign/auth-core/sm3"
import { type Credentials, encryptedStore, memoryStore, passwordToken, sign } from "@countersign/auth-core"

export async function works(echo: string): Promise<boolean> {
  const credentials: Credentials = { accessKeyId: "sample-ak", secretAccessKey: "sample-sk" }
  const headers = new Headers(sign({ method: "GET", url: echo }, credentials, { algorithm: "SDK-HMAC-SM3" }))
  sign({ method: "GET", url: echo, headers }, credentials)
  const response = await fetch(echo, { headers })
  const authorization = await response.text()
  const key = await crypto.subtle.generateKey({ name: "AES-GCM", length: 256 }, false, ["encrypt", "decrypt"])
  const store = encryptedStore(memoryStore(), { keys: [{ id: "today", key }] })
  return authorization.startsWith("SDK-HMAC-SM3 ") && (await store.get("absent")) === undefined
}

/** Is compiled only. */
export function accepted(): unknown {
  return passwordToken({
    user: "operator",
    password: "sample-password",
    domain: "partner",
    scope: { project: "ap-southeast-1" },
    fetch: (input, init) => fetch(input, init),
  })
}
