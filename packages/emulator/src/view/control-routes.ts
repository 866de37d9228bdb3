import { memberAt, textAt } from "@countersign/auth-core/adapter"
import { Hono } from "hono"
import { type Json, parseObject } from "../iam/json.ts"
import { readRequest, type ServerEnv } from "../incoming-request.ts"
import { Refusal } from "../refusal.ts"
import type { World } from "../state/world.ts"
import { askForFault } from "./ask-for-fault.ts"
import { requestDetail, requestExchange, requestSummary } from "./describe-request.ts"
import { harOf } from "./har.ts"
import { numberAt } from "./input-at.ts"
import type { Mask } from "./mask.ts"
import type { Recorder } from "./recorder.ts"
import { clockOf, stateOf } from "./state-of.ts"

/** Lets tests in any language read and change requests, accounts, faults and the clock, as JSON. */
export function controlRoutes(world: World, recorder: Recorder, mask: Mask, version: string): Hono<ServerEnv> {
  const routes = new Hono<ServerEnv>()
  routes.get("/requests", (context) => {
    const since = Number(context.req.query("since") ?? 0)
    if (Number.isNaN(since)) throw new Refusal(400, { error: "`since` must be the id of a request." })
    const part = context.req.query("part")
    const requests = [...recorder.requests].filter(
      (request) => request.id > since && (part === undefined || request.part === part),
    )
    return context.json({ requests: requests.map((request) => requestSummary(mask, request)) })
  })
  routes.get("/requests/:id{[0-9]+}", (context) => {
    const request = recorder.find(Number(context.req.param("id")))
    if (request === undefined)
      throw new Refusal(404, { error: "There is no such request, or it is not kept any more." })
    return context.json(requestDetail(world, mask, request))
  })
  routes.get("/requests.har", (context) => {
    const ids = context.req.query("ids")?.split(",").map(Number)
    const requests = ids?.map((id) => recorder.find(id)).filter((request) => request !== undefined)
    const exchanges = Array.from(requests ?? recorder.requests, (request) => requestExchange(mask, request))
    return context.json(harOf(originOf(context.req.url), version, exchanges), 200, {
      "content-disposition": 'attachment; filename="countersign.har"',
    })
  })
  routes.delete("/requests", (context) => {
    recorder.clear()
    world.stats.reset()
    return context.body(null, 204)
  })
  routes.get("/stats", ({ json }) => json({ calls: world.stats.calls, iamCalls: world.stats.iamCalls }))

  routes.get("/accounts", (context) => context.json({ url: originOf(context.req.url), ...world.accounts }))
  routes.post("/customers", async (context) => {
    const { name } = await readJson(readRequest(context))
    if (name !== undefined && typeof name !== "string") throw new Refusal(400, { error: "`name` must be a text." })
    return context.json(
      attempt(() => world.accounts.addCustomer({ name })),
      201,
    )
  })

  routes.get("/state", (context) => context.json(stateOf(world)))
  routes.post("/faults", async (context) => {
    const body = await readJson(readRequest(context))
    const result = attempt(() => askForFault(world.faults, body))
    return context.json({ ...stateOf(world), ...(result === undefined ? {} : { result }) }, 201)
  })
  routes.delete("/faults", (context) => {
    world.faults.reset()
    return context.body(null, 204)
  })
  routes.get("/clock", (context) => context.json(clockOf(world)))
  routes.put("/clock", async (context) => {
    const body = await readJson(readRequest(context))
    attempt(() => setClock(world, body))
    return context.json(clockOf(world))
  })
  routes.delete("/clock", (context) => {
    world.clock.set(undefined)
    world.clock.offset = 0
    return context.body(null, 204)
  })
  return routes
}

/**
 * Takes `{ offsetMs }`, or `{ now }` (epoch ms or ISO 8601), from which the clock runs on unless `frozen`. An offset that was
 * asked for as a fault ends.
 */
function setClock({ clock }: World, body: Json): void {
  const now = memberAt(body, "offsetMs") === undefined ? timeAt(body, "now") : undefined
  const frozen = memberAt(body, "frozen") ?? false
  if (typeof frozen !== "boolean") throw new Refusal(400, { error: "`frozen` must be true or false." })
  clock.set(now === undefined ? numberAt(body, "offsetMs") : now - Date.now())
  if (now !== undefined && frozen) clock.set(() => now)
  clock.offset = 0
}

function timeAt(body: Json, name: string): number {
  const text = textAt(body, name)
  const time = text === undefined ? numberAt(body, name) : Date.parse(text)
  if (Number.isNaN(time))
    throw new Refusal(400, { error: `\`${name}\` must be epoch milliseconds, or a time as in ISO 8601.` })
  return time
}

async function readJson(request: ReturnType<typeof readRequest>): Promise<Json> {
  const { text } = await request
  const body = text === "" ? {} : parseObject(text)
  if (body === undefined) throw new Refusal(400, { error: "The body must be a JSON object." })
  return body
}

/** Turns a RangeError of the emulator's own functions into a 400. */
function attempt<T>(act: () => T): T {
  try {
    return act()
  } catch (error) {
    throw error instanceof RangeError ? new Refusal(400, { error: error.message }) : error
  }
}

function originOf(url: string): string {
  return new URL(url).origin
}
