import type { HeadersInput } from "../signing/header-plan.ts"

/** The refused request, as it was sent. */
export interface ExplainedRequest {
  readonly method: string
  /** Absolute; or a path, where the headers have the host. */
  readonly url: string | URL
  /** With `authorization` and `x-sdk-date` the comparison is complete. Their secrets stay out of the explanation. */
  readonly headers?: HeadersInput | undefined
  /** The bytes that were sent, `null` for none. Left out: not known, but none for GET and HEAD. */
  readonly body?: string | Uint8Array | null | undefined
}

/** Facts beside the refusal. All are optional; each makes the explanation more certain. */
export interface ExplainContext {
  /** The refused request. Members that are left out are taken from the client's error, where that shows them. */
  readonly request?: Partial<ExplainedRequest> | undefined
  /** The auth of the request, made {@link explainable}: knows the request that was refused. */
  readonly auth?: { refusedRequest(requestId: string): ExplainedRequest | undefined } | undefined
  /** The canonical request that was signed, as another library logs it. @default computed from the request */
  readonly canonicalRequest?: string | undefined
  /** The key that signed the request: tells a wrong key from a wrong signature. The explanation shows none of it. */
  readonly credentials?:
    | {
        readonly accessKeyId?: string | undefined
        readonly secretAccessKey?: string | undefined
        readonly securityToken?: string | undefined
      }
    | undefined
  /** This machine's clock when the answer came, epoch ms. @default now, unless the refusal is plain data */
  readonly receivedAt?: number | undefined
}
