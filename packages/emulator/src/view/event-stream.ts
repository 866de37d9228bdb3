import type { Context } from "hono"
import { streamSSE } from "hono/streaming"
import type { ServerEnv } from "../incoming-request.ts"
import type { World } from "../state/world.ts"
import { requestSummary } from "./describe-request.ts"
import type { Mask } from "./mask.ts"
import type { ViewEvents } from "./record.ts"
import type { Recorder } from "./recorder.ts"
import { stateOf } from "./state-of.ts"

/** Changes are sent together, so often that it looks immediate. */
const INTERVAL_MS = 100

/**
 * Sends changes as server-sent events, each at most once per interval. A slow reader delays only its own stream. It then
 * gets more in one event, but never more requests than are kept.
 */
export function eventStream(context: Context<ServerEnv>, world: World, recorder: Recorder, mask: Mask): Response {
  return streamSSE(context, async (stream) => {
    const watcher = recorder.watch()
    stream.onAbort(() => watcher.end())
    const send = <Name extends keyof ViewEvents>(event: Name, data: ViewEvents[Name]): Promise<void> =>
      stream.writeSSE({ event, data: JSON.stringify(data) })
    let lastState = ""
    while (!stream.aborted && !stream.closed) {
      const changes = watcher.take()
      const requests = changes.requests.map((request) => requestSummary(mask, request))
      if (changes.isCleared) await send("snapshot", { requests })
      else if (requests.length > 0) await send("requests", { first: changes.first, requests })
      const state = stateOf(world)
      const text = JSON.stringify(state)
      if (text !== lastState) await send("state", state)
      lastState = text
      await stream.sleep(INTERVAL_MS)
    }
  })
}
