import { computed } from "@preact/signals"
import type { RequestSummary } from "../src/view/record.ts"
import { requests } from "./live.ts"
import { RequestsWithDetail } from "./requests-with-detail.tsx"
import { count, isRefused, timeOfDay, whoOf } from "./words.ts"

/** Nobody could tell more marks apart. */
const MOST_MARKS = 1_000

/** Calls to IAM, STS and the metadata service, which issue credentials. */
const calls = computed(() => requests.value.filter(({ part }) => part !== "gateway"))

export function IamPanel() {
  return (
    <div class="fill">
      <TimeLine calls={calls.value.slice(-MOST_MARKS)} />
      <RequestsWithDetail label="IAM calls" requests={calls.value} />
    </div>
  )
}

/** The calls by kind, each at its time. The list below says the same in words. */
function TimeLine({ calls }: { calls: readonly RequestSummary[] }) {
  const [first] = calls
  const last = calls.at(-1)
  if (first === undefined || last === undefined) return null
  const span = Math.max(50, last.time + (last.durationMs ?? 0) - first.time)
  const kinds = Map.groupBy(calls, kindOf)
  const refused = calls.filter(isRefused).length
  return (
    <figure class="time-line">
      <figcaption>
        {count(calls.length, "call")} of {count(kinds.size, "kind")} in {(span / 1_000).toFixed(2)} s,{" "}
        {count(refused, "refusal")}. From {timeOfDay(first.time)} to {timeOfDay(last.time)}.
      </figcaption>
      {[...kinds].map(([kind, own]) => (
        <div key={kind} class="lane">
          <span>
            {kind} <b>{own.length}</b>
          </span>
          <div class="track" aria-hidden="true">
            {own.map((call) => (
              <i
                key={call.id}
                class={isRefused(call) ? "refused" : "accepted"}
                title={`${timeOfDay(call.time)} ${whoOf(call)} ${call.verdict ?? ""}`}
                style={{
                  left: `${(((call.time - first.time) / span) * 100).toFixed(3)}%`,
                  width: `max(4px, ${(((call.durationMs ?? 0) / span) * 100).toFixed(3)}%)`,
                }}
              />
            ))}
          </div>
        </div>
      ))}
    </figure>
  )
}

function kindOf({ method, target, methods }: RequestSummary): string {
  const path = target.split("?", 1)[0] ?? ""
  return methods === undefined ? `${method} ${path}` : `${method} ${path}, ${methods}`
}
