/** One request that the gateway saw. */
export interface GatewayRequest {
  readonly method: string
  /** Path and query as they came, undecoded. */
  readonly target: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: { readonly bytes: number; readonly sha256: string }
  /** How it authenticated. */
  readonly scheme: "token" | "signature" | "none"
  /** `ok`, or the message of the refusal. */
  readonly verdict: string
  readonly status: number
}

/** What was called since the start, or since `reset`. */
export interface Stats {
  /** Calls by route, such as `POST /v3/auth/tokens`; the gateway's under `gateway`. */
  readonly calls: Readonly<Record<string, number>>
  /** All calls to IAM and STS. */
  readonly iamCalls: number
  /** Every request to the gateway, in order. */
  readonly requests: readonly GatewayRequest[]
  reset(): void
}

export interface StatsKeeper extends Stats {
  count(route: string, isIam: boolean): void
  keep(request: GatewayRequest): void
}

/** So many requests are kept; a long-running emulator forgets the oldest. */
const MOST_REQUESTS = 10_000

export function createStats(): StatsKeeper {
  let calls: Record<string, number> = {}
  let iamCalls = 0
  let requests: GatewayRequest[] = []
  return {
    get calls() {
      return calls
    },
    get iamCalls() {
      return iamCalls
    },
    get requests() {
      return requests
    },
    count(route, isIam) {
      calls[route] = (calls[route] ?? 0) + 1
      if (isIam) iamCalls += 1
    },
    keep(request) {
      if (requests.length === MOST_REQUESTS) requests.shift()
      requests.push(request)
    },
    reset() {
      calls = {}
      iamCalls = 0
      requests = []
    },
  }
}
