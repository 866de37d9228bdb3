import { signal } from "@preact/signals"
import { act } from "./announce.ts"
import { call } from "./api.ts"
import { exportHar } from "./export-har.ts"
import { onlyRefused, type PartFilter, part, shown, text } from "./filter.ts"
import { connect, connection, pause, requests } from "./live.ts"
import { RequestsWithDetail } from "./requests-with-detail.tsx"
import { count } from "./words.ts"

const PARTS: Readonly<Record<PartFilter, string>> = {
  all: "All parts",
  gateway: "Gateway",
  iam: "IAM",
  metadata: "Metadata",
}

const isExporting = signal(false)

/** Every request as it arrives, with what can be done to the list. */
export function RequestsPanel() {
  return (
    <div class="fill">
      <Toolbar />
      <RequestsWithDetail label="Requests" requests={shown.value} />
    </div>
  )
}

async function clear(): Promise<void> {
  await call("DELETE", "requests")
  // A paused page hears no event of it.
  requests.value = []
}

function Toolbar() {
  const isPaused = connection.value === "paused"
  const all = requests.value.length
  return (
    <div class="toolbar">
      <input
        type="search"
        aria-label="Filter by words"
        placeholder="Filter: method, target, client, who, verdict"
        value={text.value}
        onInput={({ currentTarget }) => {
          text.value = currentTarget.value
        }}
      />
      <select
        aria-label="Part"
        value={part.value}
        onChange={({ currentTarget }) => {
          part.value = isPart(currentTarget.value) ? currentTarget.value : "all"
        }}
      >
        {Object.entries(PARTS).map(([value, words]) => (
          <option key={value} value={value}>
            {words}
          </option>
        ))}
      </select>
      <label>
        <input
          type="checkbox"
          checked={onlyRefused.value}
          onChange={({ currentTarget }) => {
            onlyRefused.value = currentTarget.checked
          }}
        />{" "}
        Only refused
      </label>
      <span class="count">
        {shown.value.length === all
          ? count(all, "request")
          : `${shown.value.length.toLocaleString("en")} of ${count(all, "request")}`}
      </span>
      <button type="button" aria-pressed={isPaused} onClick={isPaused ? connect : pause}>
        {isPaused ? "Resume" : "Pause"}
      </button>
      <button type="button" onClick={() => act(clear, "The list is empty.")}>
        Clear
      </button>
      <button
        type="button"
        disabled={isExporting.value || shown.value.length === 0}
        onClick={() => {
          isExporting.value = true
          const exported = shown.value
          act(
            () =>
              exportHar(exported.map(({ id }) => id)).finally(() => {
                isExporting.value = false
              }),
            `${count(exported.length, "request")} exported.`,
          )
        }}
      >
        Export HAR
      </button>
    </div>
  )
}

function isPart(value: string): value is PartFilter {
  return Object.hasOwn(PARTS, value)
}
