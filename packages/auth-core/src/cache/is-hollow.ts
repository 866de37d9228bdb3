/** Whether a value has the members of a token or an access key, but no text in them: kept, it would fail every request. */
export function isHollow(value: object): boolean {
  const members = ["value", "accessKeyId", "secretAccessKey"].filter((name) => name in value)
  if (members.includes("accessKeyId")) members.push("secretAccessKey")
  return members.some((name) => {
    const text: unknown = Reflect.get(value, name)
    return typeof text !== "string" || text === ""
  })
}
