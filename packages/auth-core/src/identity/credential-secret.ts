/** The text by which a server knows a token or an access key; of anything else its JSON. */
export function secretOf(value: object): string {
  if ("value" in value && typeof value.value === "string") return value.value
  if ("accessKeyId" in value) {
    const { accessKeyId, secretAccessKey, securityToken }: Partial<Record<string, unknown>> = { ...value }
    return JSON.stringify([accessKeyId, secretAccessKey, securityToken])
  }
  return JSON.stringify(value)
}

/** Whether a server takes two values for one. */
export function hasSameSecret(a: object, b: object): boolean {
  return a === b || secretOf(a) === secretOf(b)
}

/** Whether a value has the members of a token or an access key, but no text in them: kept, it would fail every request. */
export function hasNoSecret(value: object): boolean {
  const members = ["value", "accessKeyId", "secretAccessKey"].filter((name) => name in value)
  if (members.includes("accessKeyId")) members.push("secretAccessKey")
  return members.some((name) => {
    const text: unknown = Reflect.get(value, name)
    return typeof text !== "string" || text === ""
  })
}
