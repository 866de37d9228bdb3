import { asked, isSecretName } from "@countersign/auth-core/adapter"

/** Stands in place of a secret. */
export const SECRET = "[secret]"

/** Whether a header, a parameter or a field of this name holds a credential. The name may be percent-encoded. */
export function isSecretField(name: string): boolean {
  return isSecretName(asked(() => decodeURIComponent(name)) ?? name)
}
