/** An AK has 20 characters and an AppKey up to 36; an SK has 40. */
const LONGEST_ACCESS_KEY = 36

/** Whether an AK is so long that it may be the SK, mixed up. */
export function isSecretKeyLike(accessKeyId: string): boolean {
  return accessKeyId.trim().length > LONGEST_ACCESS_KEY
}

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
