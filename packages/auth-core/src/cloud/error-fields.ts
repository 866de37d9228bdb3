import { isObject, memberAt, parseJson, textAt } from "../runtime/read-answer.ts"

/** Huawei Cloud's own description of a failure, in any of its response formats. */
export interface ErrorFields {
  errorCode?: string | undefined
  errorMessage?: string | undefined
  requestId?: string | undefined
  /** The policies behind a refusal by IAM v5, encoded. STS decodes them. */
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

/** Headers in which gateways, OBS and IAM name the request, if the body does not. */
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
