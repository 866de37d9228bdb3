import type { Context } from "hono"
import type { ContentfulStatusCode } from "hono/utils/http-status"
import { gatewayError, keystoneError, Refusal, requestId } from "./refusal.ts"

/**
 * A refusal by a service, in its own form: `iam-v5` lacks a permission and has an encoded message, `keystone` is IAM's /v3,
 * `swr-registry` is for `docker login`, `function` a function that does not exist, which FunctionGraph answers with 401, and
 * `region` a token at an endpoint of another region.
 */
export type ServiceRefusal = "iam-v5" | "keystone" | "cce" | "swr" | "swr-registry" | "obs" | "function" | "region"

const SERVICE_REFUSALS: Readonly<Record<ServiceRefusal, () => Refusal>> = {
  "iam-v5": () =>
    new Refusal(403, {
      error_code: "PAP5.0001",
      error_msg: "access denied: the identity policies do not allow sts:agencies:assume",
      request_id: requestId(),
      encoded_authorization_message: "ZW11bGF0ZWQ=",
    }),
  keystone: () => keystoneError(401, "The X-Auth-Token is invalid!"),
  cce: () => new Refusal(401, { error_code: "CCE.01401001", error_msg: "Authentication failed" }),
  swr: () => new Refusal(401, { errors: [{ errorCode: "SVCSTG.SWR.4010000", errorMessage: "Authenticate Error" }] }),
  "swr-registry": () => new Refusal(401, { errors: [{ code: "DENIED", message: "Authenticate Error", detail: "" }] }),
  obs: () => new XmlRefusal(403, "SignatureDoesNotMatch", OBS_MESSAGE),
  function: () => new Refusal(401, { error_code: "FSS.0401", error_msg: "The function does not exist" }),
  region: () => gatewayError(401, "APIGW.0307", "The token must be updated."),
}

const OBS_MESSAGE =
  "The request signature we calculated does not match the signature you provided. Check your key and signing method."

/** The names of all refusals. */
export const SERVICE_REFUSAL_NAMES = Object.keys(SERVICE_REFUSALS) as ServiceRefusal[]

/** A new answer of that form. */
export function serviceRefusal(service: ServiceRefusal): Refusal {
  return SERVICE_REFUSALS[service]()
}

/** The form of OBS. */
class XmlRefusal extends Refusal {
  readonly xml: string

  constructor(status: number, code: string, message: string) {
    const id = requestId().toUpperCase()
    super(status, { code, message }, { "content-type": "application/xml", server: "OBS", "x-obs-request-id": id })
    this.xml = `<?xml version="1.0" encoding="UTF-8" standalone="yes"?><Error><Code>${code}</Code><Message>${message}</Message><RequestId>${id}</RequestId></Error>`
  }

  override answer(context: Context): Response {
    return context.body(this.xml, this.status as ContentfulStatusCode, this.headers)
  }
}
