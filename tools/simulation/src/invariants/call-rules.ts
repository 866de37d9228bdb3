import type { IamCall } from "../cloud/iam.ts"
import { groupOf } from "../plans/keyring.ts"
import { calmSince, type Plan } from "../plans/plan.ts"
import type { Timeline } from "./timeline.ts"
import type { Violation } from "./violation.ts"

/** A cache leaves a failed store alone for up to 30 s, and its callers wait a moment more. */
const GRACE_MS = 60_000
/** A cache renews 5 to 10 % before the end. */
const RENEWED_AFTER = 0.85
const HOUR_MS = 3_600_000
const MOST_REFUSALS = 4

/** How often IAM is asked. */
export function callRules(calls: readonly IamCall[], plan: Plan, timeline: Timeline): Violation[] {
  const violations: Violation[] = []
  const byFleet = (call: IamCall): string => `${call.identity} ${call.secret} ${groupOf(call.process)}`
  for (const group of groupsOf(calls, byFleet)) {
    violations.push(...tooMany(group, plan, timeline), ...unrest(group, plan))
  }
  // Nobody learns of a refusal that never arrives.
  const refused = calls.filter(({ outcome, isAnswered }) => outcome === "refused" && isAnswered)
  // Such a provider says that its secrets are alike, so a success under another one ends the count.
  const endsCount = (first: IamCall, last: IamCall): boolean =>
    plan.isUnbound &&
    calls.some(
      ({ identity, process, sentAt, outcome }) =>
        outcome === "issued" &&
        identity === first.identity &&
        groupOf(process) === groupOf(first.process) &&
        sentAt > first.sentAt &&
        sentAt < last.sentAt,
    )
  for (const group of groupsOf(refused, byFleet)) {
    violations.push(...tooOftenRefused(group, "the fleet", endsCount, timeline))
  }
  for (const group of groupsOf(refused, (call) => `${call.identity} ${call.secret} ${call.process}`)) {
    violations.push(...tooOftenRefused(group, group[0]?.process ?? "", endsCount, undefined))
  }
  return violations
}

function tooMany(group: readonly IamCall[], { tokenLifeMs }: Plan, timeline: Timeline): Violation[] {
  return group.flatMap((call, index) => {
    const before = group[index - 1]
    if (before?.issued === undefined) return []
    const { revokedAt, issuedAt } = before.issued
    const isDue = call.sentAt >= issuedAt + RENEWED_AFTER * tokenLifeMs
    const isReplacing = revokedAt !== undefined && revokedAt <= call.sentAt
    const isExcused = !timeline.isFreeOf(
      ["onStore", "onIam", "stops", "setsClocks"],
      before.sentAt - GRACE_MS,
      call.sentAt,
    )
    if (isDue || isReplacing || isExcused) return []
    const what = `${call.process} asked for ${call.identity}, ${Math.round(call.sentAt - before.sentAt)} ms after ${before.process}`
    return [{ rule: "a call too many" as const, at: call.sentAt, what }]
  })
}

/** In a lifetime that begins one renewal after the last fault there are two renewals at most. */
function unrest(group: readonly IamCall[], plan: Plan): Violation[] {
  const from = calmSince(plan) + plan.tokenLifeMs + GRACE_MS
  const until = from + plan.tokenLifeMs
  if (until > plan.endMs) return []
  const count = group.filter(({ sentAt, outcome }) => sentAt >= from && sentAt < until && outcome === "issued").length
  if (count <= 2) return []
  return [
    { rule: "unrest", at: from, what: `${count} calls for ${group[0]?.identity} in one lifetime after all was calm` },
  ]
}

function tooOftenRefused(
  group: readonly IamCall[],
  who: string,
  endsCount: (first: IamCall, last: IamCall) => boolean,
  timeline: Timeline | undefined,
): Violation[] {
  return group.flatMap((call, index) => {
    const first = group[index - MOST_REFUSALS]
    if (first === undefined || call.sentAt - first.sentAt >= HOUR_MS || endsCount(first, call)) return []
    if (timeline?.isFreeOf(["onStore", "stops"], first.sentAt - GRACE_MS, call.sentAt) === false) return []
    const what = `${who} asked with the refused ${call.secret} for the fifth time in ${Math.round((call.sentAt - first.sentAt) / 60_000)} min`
    return [{ rule: "a refused secret" as const, at: call.sentAt, what }]
  })
}

/** Each in the order of the calls. */
function groupsOf(calls: readonly IamCall[], nameOf: (call: IamCall) => string): IamCall[][] {
  const groups = new Map<string, IamCall[]>()
  for (const call of [...calls].sort((one, other) => one.sentAt - other.sentAt)) {
    const name = nameOf(call)
    const group = groups.get(name)
    if (group === undefined) groups.set(name, [call])
    else group.push(call)
  }
  return [...groups.values()]
}
