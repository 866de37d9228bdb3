import { asked } from "@countersign/auth-core/adapter"

/** Stands in place of a secret. */
export const SECRET = "[secret]"

/** Parts of the words that name a credential. */
const SECRET_PART =
  /token|auth|cookie|secret|passw|passphrase|pwd|credential|signature|(?<!as|pos)sess|assertion|saml|bearer|jwt|key|code/
/** Others are a part of plain words too, such as `design`. */
const SECRET_WORD = /^(?:ak|sk|otp|pin|sid|sig)$|(?<!by|com|sur|tres)pass$/

/** Whether a header, a parameter or a field of this name holds a credential. The name may be percent-encoded. */
export function isSecretField(name: string): boolean {
  const words = (asked(() => decodeURIComponent(name)) ?? name).replace(/(?<=[a-z\d])(?=[A-Z])/g, "-")
  return words
    .toLowerCase()
    .split(/[^a-z]+/)
    .some((word) => SECRET_PART.test(word) || SECRET_WORD.test(word))
}
