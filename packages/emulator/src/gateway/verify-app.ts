import { parseJson, textAt } from "@countersign/auth-core/adapter"
import type { Refusal } from "@countersign/server"
import type { RequestHead } from "../incoming-request.ts"
import { gatewayError } from "../refusal.ts"
import type { Authenticated } from "../state/gateway-verifiers.ts"
import type { IssuedApp } from "../state/identities.ts"
import type { World } from "../state/world.ts"
import { isPartnerCenter } from "./partner-center.ts"

/** An AppKey, by its form: 32 hex digits, or a UUID. */
const APP_KEY = /^[\da-f]{8}-?(?:[\da-f]{4}-?){3}[\da-f]{12}$/i

/**
 * Authenticates an app of API Gateway: by its AppCode, which is judged alone, or by a signature with its AppSecret.
 *
 * @param body as far as a signature can cover it
 * @returns `undefined` if the request does not try app authentication
 * @throws {Refusal} 401 APIG.0303 or 403 APIG.0304, in the gateway's words
 * @see API Gateway user guide, "App Authentication", "Simple Authentication", "Error Codes"
 */
export async function verifyApp(
  { verifiers, identities, now }: World,
  { method, url, path, headers, trace }: RequestHead,
  body: Uint8Array | undefined,
): Promise<Authenticated | undefined> {
  const code = headers["x-apig-appcode"]
  if (code !== undefined) {
    const app = identities.appByCode(code)
    // No documentation quotes the refusal of an unknown code, so this is the text of .0303 alone.
    if (app === undefined) throw gatewayError(401, "APIG.0303", "Incorrect app authentication information.")
    return admitted(app, path)
  }
  const key = /\bAccess=([^,\s]+)/.exec(headers.authorization ?? "")?.[1] ?? ""
  const app = identities.app(key)
  if (app === undefined && !APP_KEY.test(key)) return undefined
  if (body === undefined) throw gatewayError(413, "APIG.0201", "Request entity too large")
  const verdict = await verifiers.app.verify({ method, url, headers, body })
  if (trace !== undefined) trace.signature = { outcome: verdict.ok ? "OK" : verdict.code, checkedAt: now(), key: app }
  if (!verdict.ok) throw inWordsOfApps(verdict, key)
  return app && admitted(app, path)
}

function admitted({ principal, isUnauthorized }: IssuedApp, path: string): Authenticated {
  // Partner Center is a service of Huawei Cloud, to which no app can be authorized.
  if (isUnauthorized || isPartnerCenter(path))
    throw gatewayError(403, "APIG.0304", "The app is not authorized to access the API.")
  return { principal, projectId: undefined }
}

function inWordsOfApps({ code, body, message }: Refusal, key: string): Error {
  const words =
    code === "ACCESS_KEY_UNKNOWN"
      ? `app not found, appkey ${key}`
      : (textAt(parseJson(body), "error_msg") ?? message)
          .replace("Incorrect IAM authentication information: ", "")
          .replace(/^calc aksk signature fail:/, "")
          .replace(/^verify aksk signature fail/, "verify signature fail")
  return gatewayError(401, "APIG.0303", `Incorrect app authentication information: ${words}`)
}
