import { isSecretKeyLike } from "@countersign/auth-core/adapter"

/** An AK as it may be shown. */
export function shownAccessKeyId(accessKeyId: string): string {
  return isSecretKeyLike(accessKeyId) ? `[hidden], ${accessKeyId.length} characters` : accessKeyId
}

/** Gateways echo an AK that they do not know. */
const ECHO = /(\bak[: ] ?)([^\s,;"]+)/gi

/** A message of the other side without an echoed AK that may be the SK. */
export function withoutEchoedSecret(message: string): string {
  return message.replace(ECHO, (_, label: string, echoed: string) => label + shownAccessKeyId(echoed))
}
