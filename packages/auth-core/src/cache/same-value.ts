/** Whether two values are one to a server: tokens by their text, credentials by their key, anything else by its JSON. */
export function sameValue(a: object, b: object): boolean {
  return a === b || essenceOf(a) === essenceOf(b)
}

function essenceOf(value: object): string {
  if ("value" in value && typeof value.value === "string") return value.value
  if ("accessKeyId" in value) {
    return JSON.stringify([
      value.accessKeyId,
      "secretAccessKey" in value ? value.secretAccessKey : undefined,
      "securityToken" in value ? value.securityToken : undefined,
    ])
  }
  return JSON.stringify(value)
}
