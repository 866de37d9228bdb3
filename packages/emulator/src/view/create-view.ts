import { Hono } from "hono"
import type { ServerEnv } from "../incoming-request.ts"
import { ownVersion } from "../own-package.ts"
import { keystoneError } from "../refusal.ts"
import type { World } from "../state/world.ts"
import { allowOrigins } from "./allow-origins.ts"
import { controlRoutes } from "./control-routes.ts"
import { requestSummary } from "./describe-request.ts"
import { eventStream } from "./event-stream.ts"
import { createMask } from "./mask.ts"
import type { RequestSummary } from "./record.ts"
import { recordRequests } from "./record-requests.ts"
import { createRecorder } from "./recorder.ts"
import { refuseOtherSites } from "./refuse-other-sites.ts"
import { staticAsset, staticPage } from "./static-page.ts"

export interface ViewOptions {
  readonly ui: boolean
  readonly cors: "*" | readonly string[] | undefined
  readonly onRequest: ((request: RequestSummary) => void) | undefined
}

/** The live view of a running emulator. */
export interface View {
  /** Adds its routes, and the recorder of all requests. To be called before the other routes are added. */
  addTo(app: Hono<ServerEnv>): void
}

export function createView(world: World, { ui, cors, onRequest }: ViewOptions): View {
  const recorder = createRecorder()
  const mask = createMask(world.identities)
  return {
    addTo(app) {
      const isAllowed = (origin: string): boolean => cors === "*" || cors?.includes(origin) === true
      if (cors !== undefined) app.use(allowOrigins(isAllowed))
      if (ui) {
        // Any site may link to the page, which holds no data until it calls the routes.
        app.get("/-/", staticPage)
        app.get("/-/assets/:name{[A-Za-z0-9_.-]+}", staticAsset)
        const routes = new Hono<ServerEnv>()
        routes.use(refuseOtherSites(isAllowed))
        routes.get("/events", (context) => eventStream(context, world, recorder, mask))
        routes.route("/", controlRoutes(world, recorder, mask, ownVersion()))
        routes.all("*", (context) => keystoneError(404, "The emulator has no such page.").answer(context))
        app.get("/-", (context) => context.redirect("/-/"))
        app.route("/-", routes)
      }
      if (ui || onRequest !== undefined) {
        app.use(recordRequests(recorder, (request) => onRequest?.(requestSummary(mask, request))))
      }
    },
  }
}
