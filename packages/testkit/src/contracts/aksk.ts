import { type Auth, akskAuth, type Clock, type Credentials } from "@countersign/auth-core"
import { credentials } from "./sample-credentials.ts"

/** Signs each attempt a second later than the one before, so that two signatures of one request can be told apart. */
export function aksk(key: Credentials = credentials): Auth {
  return akskAuth(key, { clock: tickingClock() })
}

function tickingClock(): Clock {
  let now = Date.now()
  return {
    now: () => (now += 1_000),
    monotonic: () => performance.now(),
    sleep: () => new Promise((resolve) => setImmediate(resolve)),
  }
}
