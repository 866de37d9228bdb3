import { memberAt, textAt } from "@countersign/auth-core/adapter"
import { keystoneError } from "../refusal.ts"
import type { Account, Named } from "../state/accounts.ts"

/**
 * Reads the requested scope of a token: a project, the whole account of its bearer, or neither. A project wins over the
 * account.
 *
 * @throws {Refusal} 404 for an unknown project, 401 for another account
 */
export function scopeOf(scope: unknown, account: Account): { project?: Named; domainScoped: boolean } {
  const project = memberAt(scope, "project")
  if (project !== undefined) {
    const found = account.projects.find(
      ({ id, name }) => id === textAt(project, "id") || name === textAt(project, "name"),
    )
    if (found === undefined)
      throw keystoneError(404, `Could not find project: ${textAt(project, "id") ?? textAt(project, "name")}.`)
    return { project: found, domainScoped: false }
  }
  const domain = memberAt(scope, "domain")
  if (
    domain !== undefined &&
    textAt(domain, "id") !== account.domain.id &&
    textAt(domain, "name") !== account.domain.name
  ) {
    throw keystoneError(401, "The token cannot be scoped to that domain.")
  }
  return { domainScoped: domain !== undefined }
}
