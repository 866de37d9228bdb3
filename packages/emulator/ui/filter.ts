import { computed, signal } from "@preact/signals"
import type { RequestSummary } from "../src/view/record.ts"
import { requests } from "./live.ts"
import { isRefused, whoOf } from "./words.ts"

export type PartFilter = "all" | RequestSummary["part"]

export const text = signal("")
export const part = signal<PartFilter>("all")
export const onlyRefused = signal(false)

/** The requests that the list shows. */
export const shown = computed(() => filtered(requests.value, text.value, part.value, onlyRefused.value))

/** Requests of a part in which every word occurs, upper and lower case alike. */
function filtered(
  all: readonly RequestSummary[],
  words: string,
  wanted: PartFilter,
  refusedOnly: boolean,
): readonly RequestSummary[] {
  const parts = words.toLowerCase().split(/\s+/).filter(Boolean)
  if (parts.length === 0 && wanted === "all" && !refusedOnly) return all
  return all.filter(
    (request) =>
      (wanted === "all" || request.part === wanted) &&
      (!refusedOnly || isRefused(request)) &&
      parts.every((word) => searchable(request).includes(word)),
  )
}

const texts = new WeakMap<RequestSummary, string>()

function searchable(request: RequestSummary): string {
  const known = texts.get(request)
  if (known !== undefined) return known
  const { method, target, client, status, verdict = "", methods = "", faults = [] } = request
  const made = [method, target, client, status, verdict, methods, ...faults, whoOf(request)].join("\n").toLowerCase()
  texts.set(request, made)
  return made
}
