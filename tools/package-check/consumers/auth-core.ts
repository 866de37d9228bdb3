import "@countersign/auth-core/p256"
import "@countersign/auth-core/sm2"
import "@countersign/auth-core/sm3"
import { akskAuth, type Credentials, encryptedStore, memoryStore, passwordToken, sign } from "@countersign/auth-core"
import { type Explanation, explain, explainable } from "@countersign/auth-core/explain"

export async function works(echo: string): Promise<boolean> {
  const credentials: Credentials = { accessKeyId: "sample-ak", secretAccessKey: "sample-sk" }
  const headers = new Headers(sign({ method: "GET", url: echo }, credentials, { algorithm: "SDK-HMAC-SM3" }))
  sign({ method: "GET", url: echo, headers }, credentials)
  const derived = (["SDK-ECDSA-P256-SHA256", "SDK-SM2-SM3"] as const).map(
    (algorithm) => sign({ method: "GET", url: echo }, credentials, { algorithm }).authorization ?? "",
  )
  const response = await fetch(echo, { headers })
  const authorization = await response.text()
  const key = await crypto.subtle.generateKey({ name: "AES-GCM", length: 256 }, false, ["encrypt", "decrypt"])
  const store = encryptedStore(memoryStore(), { keys: [{ id: "today", key }] })
  const explanation: Explanation = explain({ status: 429 })
  return (
    authorization.startsWith("SDK-HMAC-SM3 ") &&
    derived.every((value) =>
      /^SDK-(?:ECDSA-P256-SHA256|SM2-SM3) Access=sample-ak, .*Signature=30[\da-f]{132,142}$/.test(value),
    ) &&
    explanation.cause === "throttled" &&
    (await store.get("absent")) === undefined
  )
}

/** Compiled only, not run. */
export function accepted(refusal: Response): unknown {
  const auth = explainable(akskAuth({ accessKeyId: "sample-ak", secretAccessKey: "sample-sk" }))
  const explanation: Promise<Explanation> = explain(refusal, { auth, request: { method: "GET", url: refusal.url } })
  return [
    auth,
    explanation,
    passwordToken({
      user: "operator",
      password: "sample-password",
      domain: "partner",
      scope: { project: "ap-southeast-1" },
      fetch: (input, init) => fetch(input, init),
    }),
  ]
}
