import { isObject, memberAt, textAt } from "../runtime/read-answer.ts"
import type { HeadersInput } from "../signing/header-plan.ts"
import type { ExplainContext, ExplainedRequest } from "./explanation.ts"

/** The facts of a context that are of their types: JavaScript callers may pass anything. */
export function readContext(given: unknown): ExplainContext {
  const [auth, credentials] = [memberAt(given, "auth"), memberAt(given, "credentials")]
  const receivedAt = memberAt(given, "receivedAt")
  return present({
    request: readRequest(memberAt(given, "request")),
    auth: isObject(auth) ? (auth as unknown as ExplainContext["auth"]) : undefined,
    canonicalRequest: textAt(given, "canonicalRequest"),
    credentials: isObject(credentials)
      ? {
          accessKeyId: textAt(credentials, "accessKeyId"),
          secretAccessKey: textAt(credentials, "secretAccessKey"),
          securityToken: textAt(credentials, "securityToken"),
        }
      : undefined,
    // A time that no Date holds is no time.
    receivedAt:
      typeof receivedAt === "number" && !Number.isNaN(new Date(receivedAt).getTime()) ? receivedAt : undefined,
  })
}

/** `undefined` where nothing is known of it. */
export function readRequest(request: unknown): Partial<ExplainedRequest> | undefined {
  const [headers, body] = [memberAt(request, "headers"), memberAt(request, "body")]
  const known = present({
    method: textAt(request, "method"),
    url: textAt(request, "url") ?? textAt(request, "url", "href"),
    headers: isObject(headers) ? (headers as unknown as HeadersInput) : undefined,
    body: typeof body === "string" || body === null || body instanceof Uint8Array ? body : undefined,
  })
  return Object.keys(known).length === 0 ? undefined : known
}

/** What is not known must not hide what another source knows. */
function present<T extends object>(facts: { [Name in keyof T]: T[Name] | undefined }): Partial<T> {
  return Object.fromEntries(Object.entries(facts).filter(([, fact]) => fact !== undefined)) as Partial<T>
}
