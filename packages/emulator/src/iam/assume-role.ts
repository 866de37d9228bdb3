import { textAt } from "@countersign/auth-core/adapter"
import { iamError, keystoneError } from "../refusal.ts"
import type { Principal } from "../state/identities.ts"
import type { World } from "../state/world.ts"

/**
 * The agency that a caller asks to assume.
 *
 * @throws {Refusal} 403 without the Agent Operator permission, or if the agency trusts another account; 404
 */
export function assumedAgency(world: World, by: Principal, claim: unknown): Principal {
  const name = textAt(claim, "agency_name")
  const domain = { id: textAt(claim, "domain_id"), name: textAt(claim, "domain_name") }
  if (name === undefined) throw iamError(400, "1104", "assume_role.agency_name is missing.")
  if (domain.id === undefined && domain.name === undefined)
    throw iamError(400, "1105", "assume_role.domain_id or domain_name is missing.")
  if (by.user.agentOperator !== true)
    throw iamError(403, "IAM.0003", "Policy doesn't allow iam:tokens:assume to be performed.")
  const account = world.identities.account(domain)
  if (account === undefined) throw keystoneError(404, `Could not find domain: ${domain.id ?? domain.name}.`)
  const agency = account.agencies.find((one) => one.name === name)
  if (agency === undefined) throw keystoneError(404, `Could not find agency: ${name}.`)
  if (agency.trustedDomain.id !== by.account.domain.id)
    throw iamError(403, "IAM.0002", "You are not authorized to perform the requested action.")
  return { account, user: { id: agency.id, name: `${account.domain.name}/${agency.name}` }, assumedBy: by }
}
