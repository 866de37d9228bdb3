// Reads what servers and clients give: anything may be missing, of another type, or throw.

/** The result of work on what others made, such as an object with getters; `undefined` if it throws. */
export function asked<T>(work: () => T): T | undefined {
  try {
    return work()
  } catch {
    return undefined
  }
}

/** The value of a JSON text; `undefined` for any other text. */
export function parseJson(text: string): unknown {
  return asked<unknown>(() => JSON.parse(text))
}

/** Whether a value has members. Arrays have too. */
export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null
}

/**
 * The value at a path of a value that may be anything: parsed JSON, or the error of a client; `undefined` when a step is
 * missing, or is a getter that throws.
 */
export function memberAt(value: unknown, ...path: ReadonlyArray<string | number>): unknown {
  return asked(() => path.reduce<unknown>((at, name) => (isObject(at) ? Reflect.get(at, name) : undefined), value))
}

/** The text at a path; `undefined` when it is absent or empty. */
export function textAt(value: unknown, ...path: ReadonlyArray<string | number>): string | undefined {
  const text = memberAt(value, ...path)
  return typeof text === "string" && text !== "" ? text : undefined
}

/** The list at a path; empty when there is none. */
export function listAt(value: unknown, ...path: ReadonlyArray<string | number>): readonly unknown[] {
  const list = memberAt(value, ...path)
  return Array.isArray(list) ? list : []
}

/** Huawei Cloud's own description of a failure, in any of its response formats. */
export interface ErrorFields {
  errorCode?: string | undefined
  errorMessage?: string | undefined
  requestId?: string | undefined
  /** Of IAM v5: the policies behind a refusal. STS decodes it. */
  encodedAuthorizationMessage?: string | undefined
}

/**
 * Reads the body of an error answer: `error_code` and `error_msg` of gateways and newer APIs, `error` of IAM's /v3 and of KMS,
 * `code` and `message` of VPC and Kubernetes, `errors` of the container registry, one object under a name of OpenStack's
 * services, and the XML of OBS. Any other text is the message itself.
 *
 * @see IAM API reference, "Error Codes"; API Signing Guide, "Error Codes"
 */
export function readErrorFields(text: string): ErrorFields {
  const body = parseJson(text)
  if (!isObject(body)) return readXml(text) ?? (text.trim() === "" ? {} : { errorMessage: text })
  const error = errorIn(body)
  const encoded = "encoded_authorization_message"
  return {
    errorCode: first(error, ["error_code", "errorCode", "code"]),
    errorMessage: first(error, ["error_msg", "errorMessage", "errorMsg", "message", "title"]),
    requestId: first(body, ["request_id", "requestId"]),
    encodedAuthorizationMessage: textAt(body, encoded) ?? textAt(error, encoded),
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

/** The object that has code and message. */
function errorIn(body: object): object {
  const inner = memberAt(body, "error")
  if (isObject(inner)) return inner
  const [listed] = [memberAt(body, "errors")].flat()
  if (isObject(listed)) return listed
  const [only, ...others] = Object.values(body)
  return others.length === 0 && isObject(only) ? only : body
}

function first(holder: object, names: readonly string[]): string | undefined {
  for (const name of names) {
    const value = memberAt(holder, name)
    if (typeof value === "number" || (typeof value === "string" && value !== "")) return String(value)
  }
  return undefined
}

function readXml(text: string): ErrorFields | undefined {
  if (!/<Error>|<Code>/.test(text)) return undefined
  const [errorCode, errorMessage, requestId] = ["Code", "Message", "RequestId"].map((name) => {
    const content = new RegExp(`<${name}>([^<]*)</${name}>`).exec(text)?.[1] ?? ""
    return content.trim() === "" ? undefined : content
  })
  return { errorCode, errorMessage, requestId }
}
