import {
  isFormData,
  isSearchParams,
  iterableBody,
  MAX_SIGNED_BODY_BYTES,
  type OutgoingRequest,
  readBody,
  toNativeFormData,
} from "@countersign/auth-core/adapter"

/**
 * The request with a body that undici can send repeatedly and that can be read. A form of any class and URLSearchParams
 * become bytes.
 *
 * @param isRead the body will be read. Then an iterable, whose items undici would send one by one, becomes a stream.
 */
export function withSendableBody(
  request: OutgoingRequest,
  isRead: boolean,
): OutgoingRequest | Promise<OutgoingRequest> {
  const { body } = request
  if (typeof body !== "object" || body === null || body instanceof Uint8Array) return request
  if (isFormData(body)) return withForm(request, body)
  if (isSearchParams(body)) return withBytes(request)
  if (!isRead) return request
  const chunks = iterableBody(body)
  return chunks === body ? request : { ...request, body: chunks }
}

async function withBytes(request: OutgoingRequest): Promise<OutgoingRequest> {
  const { body, headers, signal } = request
  const { content, contentType } = await readBody(body, MAX_SIGNED_BODY_BYTES, signal)
  return { ...request, body: content, headers: withType(headers, contentType) }
}

/** undici sends only forms of its own class, which nothing else can read. */
async function withForm(request: OutgoingRequest, form: FormData): Promise<OutgoingRequest> {
  const { headers, signal } = request
  const { bytes, contentType } = await readBody(form, MAX_SIGNED_BODY_BYTES, signal)
  if (bytes !== undefined) return { ...request, body: bytes, headers: withType(headers, contentType) }
  // Too long to be kept.
  const { body, headers: own } = new Response(await toNativeFormData(form))
  return { ...request, body, headers: withType(headers, own.get("content-type") ?? undefined) }
}

function withType(headers: OutgoingRequest["headers"], contentType: string | undefined): OutgoingRequest["headers"] {
  return contentType === undefined ? headers : { ...headers, "content-type": contentType }
}
