/** The method by which a request tries to authenticate. */
export type Scheme = "token" | "signature" | "app code" | "none"

/** The caller of a request. */
export interface Caller {
  /** Name of the account. */
  readonly domain: string
  /** Name of the user, the agency, or the app. */
  readonly user: string
  /** Name of the user who assumed the agency. */
  readonly assumedBy?: string
  /** The project of its token or of X-Project-Id. */
  readonly projectId?: string
}

/** One request that the gateway saw. */
export interface GatewayRequest {
  /** HTTP method. */
  readonly method: string
  /** Path and query as they came, undecoded. */
  readonly target: string
  /** By lower-case name, secrets included. */
  readonly headers: Readonly<Record<string, string>>
  /** Size and hash of the body. */
  readonly body: { readonly bytes: number; readonly sha256: string }
  /** How the request was authenticated. */
  readonly scheme: Scheme
  /** `ok`, or the message of the refusal. Requested faults do not show here. */
  readonly verdict: string
  /** Absent when the request was refused. */
  readonly caller?: Caller
  /** The status of the answer; absent before that, and when the connection was dropped. */
  readonly status?: number
}

/** The calls since the start, or since `reset`. */
export interface Stats {
  /** Calls by route, such as `POST /v3/auth/tokens`; the gateway's under `gateway`. */
  readonly calls: Readonly<Record<string, number>>
  /** All calls to IAM and STS. */
  readonly iamCalls: number
  /** The requests to the gateway, in the order they were checked: the last 10,000. */
  readonly requests: readonly GatewayRequest[]
  /** Forgets all. */
  reset(): void
}

export interface StatsKeeper extends Stats {
  count(route: string, isIam: boolean): void
  /** Keeps a request. Returns the function to call when it is answered. */
  keep(request: Omit<GatewayRequest, "status">): (status: number) => void
}

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
      const kept: Omit<GatewayRequest, "status"> & { status?: number } = { ...request }
      if (requests.length === MOST_REQUESTS) requests.shift()
      requests.push(kept)
      return (status) => {
        kept.status = status
      }
    },
    reset() {
      calls = {}
      iamCalls = 0
      requests = []
    },
  }
}
