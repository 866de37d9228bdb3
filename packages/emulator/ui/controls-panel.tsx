import { useEffect, useState } from "preact/hooks"
import type { Accounts, MetadataMode, ServiceRefusal } from "../src/index.ts"
import { act } from "./announce.ts"
import { call } from "./api.ts"
import { state } from "./live.ts"

/** The server's clock, and faults on demand. */
export function ControlsPanel() {
  return (
    <div class="page">
      <Clock />
      <AskForFault />
      <WaitingFaults />
      <IdentityFaults />
      <Metadata />
    </div>
  )
}

const MINUTE = 60_000

const OFFSETS = [
  ["20 minutes behind", -20 * MINUTE],
  ["10 minutes behind", -10 * MINUTE],
  ["10 minutes ahead", 10 * MINUTE],
  ["20 minutes ahead", 20 * MINUTE],
  ["25 hours ahead", 25 * 60 * MINUTE],
] as const

function Clock() {
  const [, tick] = useState(0)
  const clock = state.value?.clock
  useEffect(() => {
    const timer = setInterval(() => tick((times) => times + 1), 1_000)
    return () => clearInterval(timer)
  }, [])
  if (clock === undefined) return null
  const isSteady = "offsetMs" in clock
  const now = isSteady ? Date.now() + clock.offsetMs : clock.now
  const set = (body: object, done: string): void => act(() => call("PUT", "clock", body), done)
  return (
    <section aria-labelledby="clock-heading">
      <h2 id="clock-heading">The server's clock</h2>
      <p>
        <time dateTime={new Date(now).toISOString()}>
          {new Date(now).toISOString().slice(0, 19).replace("T", " ")} UTC
        </time>{" "}
        <span class="tag">{clockWords(clock)}</span>
      </p>
      <div class="toolbar">
        {OFFSETS.map(([words, offsetMs]) => (
          <button key={words} type="button" onClick={() => set({ offsetMs }, `The clock is ${words}.`)}>
            {words}
          </button>
        ))}
        <button type="button" onClick={() => set({ now, frozen: true }, "The clock stands still.")}>
          Stop it
        </button>
        <button type="button" onClick={() => act(() => call("DELETE", "clock"), "The clock has the real time.")}>
          Real time
        </button>
      </div>
    </section>
  )
}

function clockWords(clock: { offsetMs: number } | { now: number }): string {
  if (!("offsetMs" in clock)) return "stands still, or is set by a function"
  if (Math.abs(clock.offsetMs) < 1_000) return "the real time"
  const minutes = Math.round(Math.abs(clock.offsetMs) / MINUTE)
  return `${minutes} minutes ${clock.offsetMs < 0 ? "behind" : "ahead"}`
}

const FAULT_KINDS = {
  status: "Answer with a status",
  serviceRefusal: "Refuse as a service",
  delay: "Answer late",
  throttle: "Throttle",
  dropConnection: "Drop the connection",
  redirect: "Redirect",
} as const

type FaultKind = keyof typeof FAULT_KINDS

/** The arguments of each kind: name, words, and a value to begin with. */
const ARGUMENTS: Readonly<Record<FaultKind, readonly (readonly [name: string, words: string, value: string])[]>> = {
  status: [
    ["status", "Status", "503"],
    ["retryAfterSeconds", "Retry-After, seconds", ""],
  ],
  serviceRefusal: [],
  delay: [["ms", "Milliseconds", "2000"]],
  throttle: [
    ["requests", "Requests", "10"],
    ["perMs", "in milliseconds", "1000"],
  ],
  dropConnection: [],
  redirect: [
    ["to", "To", ""],
    ["status", "Status", "302"],
  ],
}

/** The services whose refusals there are, in words. */
const SERVICES: Readonly<Record<ServiceRefusal, string>> = {
  "iam-v5": "IAM and STS v5: permission missing",
  keystone: "IAM v3: token invalid",
  cce: "CCE: authentication failed",
  swr: "SWR: authentication failed",
  "swr-registry": "SWR, for docker login: denied",
  obs: "OBS: signature does not match",
  function: "FunctionGraph: no such function",
  region: "API Gateway: token of another region",
}

const TARGETS = ["gateway", "iam", "metadata", "all"] as const

function AskForFault() {
  const [kind, setKind] = useState<FaultKind>("status")
  return (
    <section aria-labelledby="fault-heading">
      <h2 id="fault-heading">Ask for a fault</h2>
      <form
        class="toolbar"
        onSubmit={(event) => {
          event.preventDefault()
          const body = faultBody(kind, new FormData(event.currentTarget))
          act(() => call("POST", "faults", body), "The fault waits for its requests.")
        }}
      >
        <label>
          Kind{" "}
          <select value={kind} onChange={({ currentTarget }) => setKind(faultKind(currentTarget.value))}>
            {Object.entries(FAULT_KINDS).map(([value, words]) => (
              <option key={value} value={value}>
                {words}
              </option>
            ))}
          </select>
        </label>
        {kind === "serviceRefusal" && (
          <label>
            Refusal{" "}
            <select name="service">
              {Object.entries(SERVICES).map(([service, words]) => (
                <option key={service} value={service}>
                  {words}
                </option>
              ))}
            </select>
          </label>
        )}
        {ARGUMENTS[kind].map(([name, words, value]) => (
          <label key={`${kind} ${name}`}>
            {words} <input name={name} defaultValue={value} size={name === "to" ? 30 : 6} autocomplete="off" />
          </label>
        ))}
        <label>
          For{" "}
          <select name="target">
            {TARGETS.map((target) => (
              <option key={target}>{target}</option>
            ))}
          </select>
        </label>
        <label>
          or paths beginning with <input name="path" placeholder="/v1" size={12} autocomplete="off" />
        </label>
        {kind !== "throttle" && (
          <label>
            Times <input name="times" type="number" min={1} placeholder="all" size={5} />
          </label>
        )}
        <button type="submit">Ask for it</button>
      </form>
    </section>
  )
}

function faultKind(value: string): FaultKind {
  return isFaultKind(value) ? value : "status"
}

function isFaultKind(value: string): value is FaultKind {
  return Object.hasOwn(FAULT_KINDS, value)
}

/** The arguments that are no numbers. */
const TEXTS: ReadonlySet<string> = new Set(["to", "service"])

/** The body for the control route: numbers as numbers, and without empty fields. */
function faultBody(kind: FaultKind, form: FormData): object {
  const entries = [...form].flatMap(([name, value]): [string, string | number][] => {
    if (typeof value !== "string" || value === "" || name === "path" || name === "target") return []
    return [[name, TEXTS.has(name) ? value : Number(value)]]
  })
  const path = form.get("path")
  return { kind, ...Object.fromEntries(entries), target: path === "" || path === null ? form.get("target") : path }
}

function WaitingFaults() {
  const faults = state.value?.faults ?? []
  return (
    <section aria-labelledby="waiting-heading">
      <h2 id="waiting-heading">Faults that wait</h2>
      {faults.length === 0 ? (
        <p>None.</p>
      ) : (
        <ul>
          {faults.map(({ kind, words, target, timesLeft }, index) => (
            <li key={`${index} ${kind}`}>
              <span class="tag">{target}</span> {words}
              {timesLeft === undefined ? ", every time" : `, ${timesLeft} more ${timesLeft === 1 ? "time" : "times"}`}
            </li>
          ))}
        </ul>
      )}
      <button type="button" onClick={() => act(() => call("DELETE", "faults"), "All faults have ended.")}>
        End all faults, locks and the metadata mode
      </button>
    </section>
  )
}

const ACTIONS = {
  rotateKey: ["Rotate the key", "The key is another one now."],
  revokeKey: ["Revoke the key", "The key is unknown from now on."],
  lockKey: ["Lock the key", "The key is locked for five minutes."],
  unlockKey: ["Unlock the key", "The key is not locked."],
  lock: ["Lock the user", "The user is locked for 15 minutes."],
  unlock: ["Unlock the user", "The user is not locked."],
  disableUser: ["Disable the user", "The user is disabled."],
  enableUser: ["Enable the user", "The user is enabled."],
} as const

type Action = keyof typeof ACTIONS

function IdentityFaults() {
  const [accounts, setAccounts] = useState<Pick<Accounts, "partner" | "customers"> | undefined>(undefined)
  const [id, setId] = useState("")
  const customers = state.value?.customers
  useEffect(() => {
    call<Pick<Accounts, "partner" | "customers">>("GET", "accounts").then(setAccounts, () => undefined)
  }, [customers])
  const users = accounts === undefined ? [] : [accounts.partner, ...accounts.customers].flatMap((each) => each.users)
  const user = users.find((each) => each.id === id) ?? users[0]
  if (user === undefined) return null
  const { accessKeyId } = user.credentials
  const bodies: Readonly<Record<Action, object>> = {
    rotateKey: { kind: "rotateKey", accessKeyId },
    revokeKey: { kind: "revokeKey", accessKeyId },
    lockKey: { kind: "lock", who: { accessKeyId } },
    unlockKey: { kind: "unlock", who: { accessKeyId } },
    lock: { kind: "lock", who: { id: user.id } },
    unlock: { kind: "unlock", who: { id: user.id } },
    disableUser: { kind: "disableUser", user: { id: user.id } },
    enableUser: { kind: "disableUser", user: { id: user.id }, disabled: false },
  }
  return (
    <section aria-labelledby="identity-heading">
      <h2 id="identity-heading">Keys, users, tokens</h2>
      <div class="toolbar">
        <label>
          User{" "}
          <select value={user.id} onChange={({ currentTarget }) => setId(currentTarget.value)}>
            {users.map((each) => (
              <option key={each.id} value={each.id}>
                {each.name}
              </option>
            ))}
          </select>
        </label>
        {Object.entries(bodies).map(([action, body]) => {
          const [words, done] = ACTIONS[isAction(action) ? action : "lock"]
          return (
            <button key={action} type="button" onClick={() => act(() => call("POST", "faults", body), done)}>
              {words}
            </button>
          )
        })}
        <button
          type="button"
          onClick={() => act(() => call("POST", "faults", { kind: "revokeToken" }), "No token is valid any more.")}
        >
          Revoke all tokens
        </button>
      </div>
      <form
        class="toolbar"
        onSubmit={(event) => {
          event.preventDefault()
          const password = new FormData(event.currentTarget).get("password")
          const body = { kind: "changePassword", user: { id: user.id }, password }
          act(() => call("POST", "faults", body), "The user has another password.")
        }}
      >
        <label>
          New password <input name="password" size={20} autocomplete="off" />
        </label>
        <button type="submit">Change the password</button>
      </form>
    </section>
  )
}

function isAction(value: string): value is Action {
  return Object.hasOwn(ACTIONS, value)
}

const METADATA_MODES: readonly MetadataMode[] = ["token optional", "token required", "no tokens", "no agency"]

function Metadata() {
  return (
    <section aria-labelledby="metadata-heading">
      <h2 id="metadata-heading">Metadata service</h2>
      <label>
        Mode{" "}
        <select
          value={state.value?.metadataMode ?? "token optional"}
          onChange={({ currentTarget: { value } }) =>
            act(() => call("POST", "faults", { kind: "metadata", mode: value }), `The metadata service says: ${value}.`)
          }
        >
          {METADATA_MODES.map((mode) => (
            <option key={mode}>{mode}</option>
          ))}
        </select>
      </label>
    </section>
  )
}
