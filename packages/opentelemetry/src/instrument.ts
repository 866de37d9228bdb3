import { subscribe, unsubscribe } from "node:diagnostics_channel"
import type { DiagnosticEvent } from "@countersign/auth-core"
import { type Attributes, diag, type MeterProvider, metrics, trace } from "@opentelemetry/api"

/** Options of {@link instrument}. */
export interface InstrumentOptions {
  /** @default the global one */
  meterProvider?: MeterProvider | undefined
}

const NAME = "@countersign/opentelemetry"
const CHANNEL = "countersign"

/** Tells an event to the instruments of one provider. */
type Measure = (event: DiagnosticEvent) => void

interface Use {
  readonly measure: Measure
  /** How many calls of `instrument` have not ended yet. */
  calls: number
}

const uses = new Map<MeterProvider, Use>()

/**
 * Turns the events of every client, auth and cache of this process into metrics, and those of requests into events of the
 * active span. Several calls with the same meter provider count each event once, until the last of them ends.
 *
 * @returns a function that ends it
 */
export function instrument({ meterProvider }: InstrumentOptions = {}): () => void {
  const provider = meterProvider ?? metrics.getMeterProvider()
  const use = uses.get(provider) ?? { measure: measureBy(provider), calls: 0 }
  use.calls++
  if (uses.size === 0) subscribe(CHANNEL, listener)
  uses.set(provider, use)
  let isOver = false
  return () => {
    if (isOver) return
    isOver = true
    if (--use.calls > 0) return
    uses.delete(provider)
    if (uses.size === 0) unsubscribe(CHANNEL, listener)
  }
}

/** Throws nothing, because an error of a subscriber ends the process. */
function listener(message: unknown): void {
  const event = message as DiagnosticEvent
  for (const { measure } of uses.values()) attempt(() => measure(event))
  attempt(() => {
    if ("method" in event) trace.getActiveSpan()?.addEvent(`countersign.${event.type}`, attributesOf(event))
  })
}

/** Instruments and spans are of others, and may throw. */
function attempt(act: () => void): void {
  try {
    act()
  } catch (error) {
    const tell = async (): Promise<void> => diag.error(`${NAME}: an event was lost`, error)
    tell().catch(() => undefined)
  }
}

function measureBy(provider: MeterProvider): Measure {
  const meter = provider.getMeter(NAME)
  const errorCode = createErrorCodes()
  const refreshes = meter.createHistogram("countersign.credential.refresh.duration", {
    description: "Duration of getting a token or an access key.",
    unit: "s",
  })
  const stale = meter.createCounter("countersign.credential.stale", {
    description: "Values served past their soft expiry, while a newer one is fetched.",
    unit: "{value}",
  })
  const refusals = meter.createCounter("countersign.refusals", {
    description: "Answers of 401 and 403 to authenticated requests.",
    unit: "{response}",
  })
  const replays = meter.createCounter("countersign.replays", {
    description: "Requests sent once more with new authentication.",
    unit: "{request}",
  })
  const failures = meter.createCounter("countersign.failures", {
    description: "Authenticated requests without an answer: network errors, aborts and timeouts.",
    unit: "{request}",
  })
  const requests = meter.createCounter("countersign.requests", {
    description: "Requests that went out authenticated.",
    unit: "{request}",
  })
  const hits = meter.createCounter("countersign.cache.hits", {
    description: "Authenticated requests whose credential an earlier one had, so that none was fetched for them.",
    unit: "{request}",
  })
  const bare = meter.createCounter("countersign.bare_requests", {
    description: "Requests that went out without authentication although an auth was set.",
    unit: "{request}",
  })

  return (event) => {
    switch (event.type) {
      case "acquired":
        refreshes.record(event.durationMs / 1_000, { "countersign.source": event.source })
        break
      case "refresh-failed":
        refreshes.record(event.durationMs / 1_000, { "error.type": event.code })
        break
      case "served-stale":
        stale.add(1)
        break
      case "response":
        if (event.rejection !== undefined) {
          refusals.add(1, {
            ...serverOf(event.origin),
            "http.response.status_code": event.status,
            "error.type": errorCode(event.rejection.errorCode) ?? String(event.status),
          })
        }
        break
      case "failure":
        if (event.auth !== undefined) failures.add(1, { ...serverOf(event.origin), "error.type": failureType(event) })
        break
      case "replay":
        replays.add(1, { ...serverOf(event.origin), "countersign.replay.reason": event.because })
        break
      case "attempt":
        if (event.bare === undefined) {
          const attributes = { ...serverOf(event.origin), "countersign.auth": event.auth }
          requests.add(1, attributes)
          if (event.reused === true) hits.add(1, attributes)
        } else bare.add(1, { ...serverOf(event.origin), "countersign.bare.reason": event.bare })
    }
  }
}

/** The form of codes of Huawei Cloud, such as `APIGW.0301` or `SVCSTG.SWR.4010000`. */
const CODE = /^[a-z][\w-]{0,19}(\.[a-z][\w-]{0,19})?\.\d{2,8}$/i
const MOST_CODES = 200

/** Passes on codes as an attribute of a metric. A server may send any text, and each one would be a series of its own. */
function createErrorCodes(): (code: string | undefined) => string | undefined {
  const known = new Set<string>()
  return (code) => {
    if (code === undefined || !CODE.test(code)) return undefined
    if (known.size < MOST_CODES) known.add(code)
    return known.has(code) ? code : undefined
  }
}

type RequestEvent = Extract<DiagnosticEvent, { method: string }>

function attributesOf(event: RequestEvent): Attributes {
  const common: Attributes = {
    "http.request.method": event.method,
    ...serverOf(event.origin),
    "url.path": event.path,
    "countersign.auth": event.auth,
    "countersign.label": event.label,
  }
  switch (event.type) {
    case "attempt":
      return { ...common, "countersign.bare.reason": event.bare }
    case "response":
      return {
        ...common,
        "http.response.status_code": event.status,
        "error.type": event.rejection && (event.rejection.errorCode ?? String(event.status)),
      }
    case "failure":
      return { ...common, "error.type": failureType(event) }
    case "replay":
      return { ...common, "countersign.replay.reason": event.because }
    case "redirect":
      return {
        ...common,
        "http.response.status_code": event.status,
        "countersign.redirect.origin": event.toOrigin,
      }
  }
}

/** The code, such as `ECONNREFUSED`, else the name of the error. A DOMException has no code. */
function failureType({ error, code }: Extract<RequestEvent, { type: "failure" }>): string {
  return code ?? error
}

/** @see OpenTelemetry semantic conventions, "Server attributes" */
function serverOf(origin: string): Attributes {
  const { hostname, port, protocol } = new URL(origin)
  return { "server.address": hostname, "server.port": Number(port || (protocol === "https:" ? 443 : 80)) }
}
