import { type RequestHead, schemeOf } from "../incoming-request.ts"
import { gatewayError } from "../refusal.ts"

/** The host of an instance of IoTDA, with its region. */
const INSTANCE = /\.iotda-app\.([a-z\d-]+)\./i

/**
 * Refuses a signature that an instance of IoTDA does not take: it wants V11, with a key that is derived for the service
 * `iotdm` and its own region.
 *
 * @throws {Refusal} 401 IOTDA.000002
 * @see IoTDA API reference, "Error Codes"; the official SDKs, which sign so
 */
export function refuseAtIotda(head: RequestHead): void {
  const { host = "", authorization = "" } = head.headers
  const region = INSTANCE.exec(host)?.[1]
  if (region === undefined || schemeOf(head) !== "signature") return
  const [, scope] = /^V11-HMAC-SHA256 Credential=[^/]+\/\d{8}\/([^,]+),/.exec(authorization) ?? []
  if (scope !== `${region}/iotdm`) throw gatewayError(401, "IOTDA.000002", "Authentication failed.")
}
