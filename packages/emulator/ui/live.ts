import { signal } from "@preact/signals"
import type { EmulatorState, RequestSummary, ViewEvents } from "../src/view/record.ts"

/** Whether the page follows the emulator. */
export type Connection = "connecting" | "live" | "paused" | "lost"

export const connection = signal<Connection>("connecting")

/** The state that may be changed from outside; `undefined` before the first event. */
export const state = signal<EmulatorState | undefined>(undefined)

/** The requests that are kept, by rising id. A new array with each change. */
export const requests = signal<readonly RequestSummary[]>([])

let source: EventSource | undefined

/** Follows the emulator from now on, beginning with all that it keeps. */
export function connect(): void {
  source?.close()
  const opened = new EventSource("events")
  source = opened
  opened.onopen = () => {
    connection.value = "live"
  }
  opened.onerror = () => {
    connection.value = "lost"
  }
  on("snapshot", (data) => {
    requests.value = data.requests.toSorted((a, b) => a.id - b.id)
  })
  on("requests", (data) => {
    requests.value = merged(requests.value, data)
  })
  on("state", (data) => {
    state.value = data
  })

  function on<Name extends keyof ViewEvents>(name: Name, take: (data: ViewEvents[Name]) => void): void {
    opened.addEventListener(name, ({ data }: MessageEvent<string>) => take(JSON.parse(data)))
  }
}

/** Stops following; `connect` goes on. The emulator keeps the requests that come meanwhile. */
export function pause(): void {
  source?.close()
  source = undefined
  connection.value = "paused"
}

/** The ids of kept requests have no gap, so the place of a request follows from its id. */
function merged(
  kept: readonly RequestSummary[],
  { first, requests: changed }: ViewEvents["requests"],
): RequestSummary[] {
  const next = kept.slice(Math.max(0, first - (kept[0]?.id ?? first)))
  const start = next[0]?.id ?? first
  for (const request of changed.toSorted((a, b) => a.id - b.id)) next[request.id - start] = request
  return next
}
