import type { Answer } from "./answer.ts"
import { isObject, memberOf } from "./members.ts"

/** The code and the text of an answer, whichever shape it has. */
export interface AnswerFields {
  readonly errorCode: string | undefined
  readonly errorMessage: string | undefined
  readonly requestId: string | undefined
  /** The text in which a known refusal is looked for. */
  readonly subject: string
}

const LONGEST_PAGE = 2_000

/**
 * `error_code` and `error_msg` of gateways and newer APIs, `error` of IAM's /v3 and of KMS, `code` and `message` of VPC,
 * `errors` of the container registry, one object under a name of OpenStack's services, and the XML of OBS. The body of
 * anything else is the message.
 */
export function answerFields({ text = "", headers, action = "" }: Answer): AnswerFields {
  const body = parsed(text)
  const error = body === undefined ? undefined : errorIn(body)
  const own = error === undefined ? undefined : first(error, ["error_code", "errorCode", "code"])
  const xml = body === undefined ? xmlFields(text) : undefined
  const errorCode = own ?? xml?.errorCode
  const said = error === undefined ? undefined : first(error, ["error_msg", "errorMessage", "message", "title"])
  const errorMessage =
    said ?? xml?.errorMessage ?? (body === undefined ? nonEmpty(text.slice(0, LONGEST_PAGE)) : undefined)
  const isOwnShape = body !== undefined && "error_code" in body && said !== undefined
  return {
    errorCode,
    errorMessage,
    requestId:
      (body && first(body, ["request_id", "requestId"])) ??
      headers["x-request-id"] ??
      headers["x-obs-request-id"] ??
      headers["x-iam-trace-id"],
    subject: [action, errorMessage ?? "", isOwnShape ? "" : text.slice(0, LONGEST_PAGE)].join("\n").trim(),
  }
}

function parsed(text: string): object | undefined {
  try {
    const body: unknown = JSON.parse(text)
    return isObject(body) ? body : undefined
  } catch {
    return undefined
  }
}

/** The object that has code and message. */
function errorIn(body: object): object {
  const inner = memberOf(body, "error")
  if (isObject(inner)) return inner
  const [listed] = [memberOf(body, "errors")].flat()
  if (isObject(listed)) return listed
  const [only, ...others] = Object.values(body)
  return others.length === 0 && isObject(only) ? only : body
}

function first(holder: object, names: readonly string[]): string | undefined {
  for (const name of names) {
    const value = memberOf(holder, name)
    if (typeof value === "number" || (typeof value === "string" && value !== "")) return String(value)
  }
  return undefined
}

function xmlFields(text: string): Pick<AnswerFields, "errorCode" | "errorMessage"> | undefined {
  if (!/<Error>|<Code>/.test(text)) return undefined
  return { errorCode: xmlText(text, "Code"), errorMessage: xmlText(text, "Message") }
}

function xmlText(text: string, name: string): string | undefined {
  return nonEmpty(new RegExp(`<${name}>([^<]*)</${name}>`).exec(text)?.[1] ?? "")
}

function nonEmpty(text: string): string | undefined {
  return text.trim() === "" ? undefined : text
}
