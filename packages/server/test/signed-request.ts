import { type SignOptions, sign } from "@countersign/auth-core"
import type { CompleteRequest } from "../src/index.ts"

export const credentials = { accessKeyId: "AKEXAMPLE", secretAccessKey: "skExample" }
export const date = new Date("2019-11-15T03:36:55Z")
export const now = (): number => date.getTime()

export interface SignedRequest extends CompleteRequest {
  headers: Record<string, string>
}

/** A POST to /v1?b=1 with the body `{}`, unless `part` says otherwise. */
export function signed(part: Partial<SignedRequest> = {}, options: SignOptions = {}, key = credentials): SignedRequest {
  const request = { method: "POST", url: "https://a.example.com/v1?b=1", body: "{}", headers: {}, ...part }
  return { ...request, headers: { ...request.headers, ...sign(request, key, { date, ...options }) } }
}
