import { isAuthError, memberAt } from "@countersign/auth-core/adapter"
import { Hono } from "hono"
import { checkBoolean, checkOneOf } from "../check-input.ts"
import { type Json, parseObject } from "../iam/json.ts"
import { readRequest, type ServerEnv } from "../incoming-request.ts"
import { PARTS } from "../part-of.ts"
import { Refusal } from "../refusal.ts"
import type { World } from "../state/world.ts"
import { askForFault } from "./ask-for-fault.ts"
import { requestDetail, requestExchange, requestSummary } from "./describe-request.ts"
import { harOf } from "./har.ts"
import type { Mask } from "./mask.ts"
import type { Recorder } from "./recorder.ts"
import { clockOf, stateOf } from "./state-of.ts"

/** Lets tests in any language read and change requests, accounts, faults and the clock, as JSON. */
export function controlRoutes(world: World, recorder: Recorder, mask: Mask, version: string): Hono<ServerEnv> {
  const routes = new Hono<ServerEnv>()
  routes.get("/requests", (context) => {
    const { since, part } = context.req.query()
    const first = since === undefined ? 0 : idOf(since, "`since` must be the id of a request.")
    if (part !== undefined) attempt(() => checkOneOf("part", part, PARTS))
    const requests = [...recorder.requests].filter(
      (request) => request.id > first && (part === undefined || request.part === part),
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
    const ids = context.req
      .query("ids")
      ?.split(",")
      .map((id) => idOf(id, "`ids` must be ids of requests, with commas between them."))
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
    return context.json(
      attempt(() => world.accounts.addCustomer({ name: name as string | undefined })),
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
  const offsetMs = memberAt(body, "offsetMs")
  const now = memberAt(body, "now")
  const frozen = memberAt(body, "frozen") ?? false
  checkBoolean("frozen", frozen)
  if (typeof offsetMs === "number") clock.set(offsetMs)
  else if (offsetMs === undefined && now !== undefined)
    setTime(clock, typeof now === "string" ? Date.parse(now) : now, frozen === true)
  else throw new Refusal(400, { error: CLOCK_BODY })
  clock.offset = 0
}

const CLOCK_BODY =
  "Pass `offsetMs`, a number of milliseconds, or `now`, which is epoch milliseconds or a time as in ISO 8601."

function setTime(clock: World["clock"], time: unknown, frozen: boolean): void {
  if (typeof time !== "number" || Number.isNaN(time)) throw new Refusal(400, { error: CLOCK_BODY })
  if (frozen) clock.set(() => time)
  else clock.set(time - Date.now())
}

/** @throws {Refusal} 400 with `message` */
function idOf(text: string, message: string): number {
  if (!/^\d+$/.test(text)) throw new Refusal(400, { error: message })
  return Number(text)
}

async function readJson(request: ReturnType<typeof readRequest>): Promise<Json> {
  const { text } = await request
  const body = text === "" ? {} : parseObject(text)
  if (body === undefined) throw new Refusal(400, { error: "The body must be a JSON object." })
  return body
}

/** Turns a refusal of bad input by the emulator's own functions into a 400. */
function attempt<T>(act: () => T): T {
  try {
    return act()
  } catch (error) {
    throw isAuthError(error) ? new Refusal(400, { error: error.message }) : error
  }
}

function originOf(url: string): string {
  return new URL(url).origin
}
