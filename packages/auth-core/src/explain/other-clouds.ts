/** Access keys of other clouds, by their form. One of Huawei Cloud has 20 upper-case letters and digits, and may begin like them. */
const OTHER_KEYS: readonly (readonly [form: RegExp, whose: string])[] = [
  [/^LTAI(?=[A-Z\d]*[a-z])[A-Za-z\d]{12,26}$/, "Alibaba Cloud"],
  [/^A[KS]IA[A-Z2-7]{16}$/, "AWS"],
  [/^AKID[A-Za-z\d]{32}$/, "Tencent Cloud"],
]

/** The name of the other cloud whose access keys have this form. */
export function otherCloudOf(accessKeyId: string): string | undefined {
  return OTHER_KEYS.find(([form]) => form.test(accessKeyId))?.[1]
}
