/** HTTP's own, this library's, and the others by which Huawei Cloud, OpenStack and their gateways know a caller. */
const SECRET_ON_OTHER_ORIGINS =
  /^(?:(?:proxy-)?authorization|cookie|host|x-(?:(?:auth|subject|service|storage|metadata|(?:obs-)?security)-token|auth-key|apig-appcode|hw-appkey|sdk-.+))$/

/** Whether a header, by lower-case name, stays behind when a redirect leads to another origin. */
export function staysAtOrigin(name: string): boolean {
  return SECRET_ON_OTHER_ORIGINS.test(name)
}

/** Whether headers, by lower-case name, hold a secret that clients by themselves would take along to another origin. */
export function hasOwnSecrets(headers: Readonly<Record<string, unknown>>): boolean {
  // Of the others they know.
  for (const name of Object.keys(headers)) if (name.startsWith("x-") && staysAtOrigin(name)) return true
  return false
}
