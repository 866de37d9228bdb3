import type { Iam } from "../cloud/iam.ts"
import type { Observations } from "../fleet/observations.ts"
import type { Plan } from "../plans/plan.ts"
import type { Violation } from "./violation.ts"

/** Whose values are sent, and until when. */
export function tokenRules(iam: Iam, { sent, refused }: Observations, { isUnbound }: Plan): Violation[] {
  const violations: Violation[] = []
  const lastRefusals = new Map<string, number>()
  const replacedAt = new Map<string, number>()
  for (const { process, identity, value, at } of refused) lastRefusals.set(`${process} ${identity} ${value}`, at)
  const previous = new Map<string, string>()
  for (const { process, identity, value, at, secrets } of sent) {
    const issued = iam.find(value)
    const what = `${process} sent ${value} for ${identity}`
    // A provider that binds its values to no secret vouches for its key, so its values serve under every secret.
    const isOwn = issued?.identity === identity && (isUnbound || secrets.has(issued.secret))
    if (!isOwn) {
      violations.push({
        rule: "of another",
        at,
        what: `${what}, which belongs to ${issued?.identity} and ${issued?.secret}`,
      })
      continue
    }
    if (at >= issued.expiresAt) {
      violations.push({
        rule: "past its end",
        at,
        what: `${what}, ${Math.round(at - issued.expiresAt)} ms after its end`,
      })
    }
    const owner = `${process} ${identity}`
    const replaced = replacedAt.get(`${owner} ${value}`)
    if (replaced !== undefined) {
      violations.push({ rule: "refused before", at, what: `${what}, which it had replaced at ${Math.round(replaced)}` })
    }
    const before = previous.get(owner)
    if (before !== undefined && before !== value && (lastRefusals.get(`${owner} ${before}`) ?? at) < at) {
      replacedAt.set(`${owner} ${before}`, at)
    }
    previous.set(owner, value)
  }
  return violations
}
