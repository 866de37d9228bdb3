/** Huawei Cloud's own description of a failure, in any of its response formats. */
export interface ErrorFields {
  errorCode?: string | undefined
  errorMessage?: string | undefined
  requestId?: string | undefined
}

/**
 * Reads the body of an error answer: `{"error":{"code","message","title"}}` of IAM's /v3, `{"error_code","error_msg"}` of
 * newer paths and of the gateway, which adds `request_id`. Any other text is the message itself.
 *
 * @see IAM API reference, "Error Codes"; API Signing Guide, "Error Codes"
 */
export function readErrorFields(text: string): ErrorFields {
  const body = parseObject(text)
  if (body === undefined) return text.trim() === "" ? {} : { errorMessage: text }
  const inner: unknown = Reflect.get(body, "error")
  const error = typeof inner === "object" && inner !== null ? inner : body
  return {
    errorCode: textOf(error, "error_code") ?? textOf(error, "code"),
    errorMessage: textOf(error, "error_msg") ?? textOf(error, "message") ?? textOf(error, "title"),
    requestId: textOf(body, "request_id"),
  }
}

/** Where gateways, OBS and IAM name the request, if the body does not. */
const REQUEST_ID_HEADERS = ["x-request-id", "x-obs-request-id", "x-iam-trace-id"]

/** The id of the request in the headers of an answer. Answers to HEAD have no other. */
export function requestIdIn(headerOf: (name: string) => string | null | undefined): string | undefined {
  for (const name of REQUEST_ID_HEADERS) {
    const id = headerOf(name)
    if (id) return id
  }
  return undefined
}

function parseObject(text: string): object | undefined {
  try {
    const body: unknown = JSON.parse(text)
    return typeof body === "object" && body !== null ? body : undefined
  } catch {
    return undefined
  }
}

function textOf(source: object, name: string): string | undefined {
  const value: unknown = Reflect.get(source, name)
  return typeof value === "string" || typeof value === "number" ? String(value) : undefined
}
