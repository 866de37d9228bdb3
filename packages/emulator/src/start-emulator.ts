import { createServer, type Server } from "node:http"
import type { AddressInfo } from "node:net"
import { getRequestListener } from "@hono/node-server"
import { Hono } from "hono"
import { faultsBeforeRoutes } from "./apply-faults.ts"
import { checkOptions, type EmulatorOptions } from "./emulator-options.ts"
import { gateway } from "./gateway/gateway.ts"
import { federationRoutes } from "./iam/federation-routes.ts"
import { lookupRoutes } from "./iam/lookup-routes.ts"
import { temporaryKeyRoutes } from "./iam/temporary-key-routes.ts"
import { tokenRoutes } from "./iam/token-routes.ts"
import { requestHead, type ServerEnv } from "./incoming-request.ts"
import { machineRoutes, POD_PATH } from "./machine-routes.ts"
import { partOf } from "./part-of.ts"
import { gatewayError, keystoneError, Refusal, requestId } from "./refusal.ts"
import type { Accounts } from "./state/accounts.ts"
import type { Faults } from "./state/faults.ts"
import type { Stats } from "./state/stats.ts"
import { createWorld, type World } from "./state/world.ts"
import type { View } from "./view/create-view.ts"

/** A running emulator. */
export interface Emulator {
  /** Origin of everything: IAM, STS, metadata, pod identity, and the gateway. */
  readonly url: string
  /** URL of the pod identity endpoint, for HC_CONTAINER_CREDENTIALS_FULL_URI. */
  readonly podUrl: string
  /** The accounts to authenticate with. */
  readonly accounts: Accounts
  /** Makes things go wrong on request. */
  readonly faults: Faults
  /** Counts what was asked. */
  readonly stats: Stats
  /**
   * Sets the server's clock, which decides on expiry, the 15 minute window and the Date header: a function that gives epoch
   * ms, a number of milliseconds to add to the real time, or nothing for the real time.
   *
   * @throws {AuthError} `AUTH_INVALID_OPTION` for anything else, and for a time outside the years 1970 to 9999
   */
  setClock(clock?: number | (() => number)): void
  /** Ends the server and its connections. */
  close(): Promise<void>
}

/** A token with many roles is longer than Node's own limit for headers. */
const MAX_HEADER_BYTES = 64 * 1024

/**
 * Starts a local Huawei Cloud that checks every token and every signature.
 *
 * @throws {AuthError} `AUTH_INVALID_OPTION`
 * @throws the listen error of Node when the port is taken
 */
export async function startEmulator(options: EmulatorOptions = {}): Promise<Emulator> {
  checkOptions(options)
  const { port = 0, host = "127.0.0.1", ui = false, cors, onRequest } = options
  const world = createWorld(options)
  // Test suites start without the view, and load nothing of it.
  const isWatched = ui || onRequest !== undefined || cors !== undefined
  const view = isWatched
    ? (await import("./view/create-view.ts")).createView(world, { ui, cors, onRequest })
    : undefined
  const server = createServer(
    { maxHeaderSize: MAX_HEADER_BYTES, requestTimeout: 0 },
    // The clients under test run in this process, and need the Request and Response of the platform.
    getRequestListener(appOf(world, view).fetch, { overrideGlobalObjects: false }),
  )
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject)
    server.listen(port, host, resolve)
  })
  const url = `http://${host.includes(":") ? `[${host}]` : host}:${(server.address() as AddressInfo).port}`
  const { accounts, faults, stats } = world
  return { url, podUrl: url + POD_PATH, accounts, faults, stats, setClock: world.clock.set, close: () => close(server) }
}

function appOf(world: World, view: View | undefined): Hono<ServerEnv> {
  const app = new Hono<ServerEnv>()
  app.use(async (context, next) => {
    await next()
    context.header("date", new Date(world.now()).toUTCString())
    if (!context.res.headers.has("x-request-id")) context.header("x-request-id", requestId())
  })
  view?.addTo(app)
  app.use(async (context, next) => {
    // Uses the path as it came off the wire, because a Request resolves dot segments.
    const { method, path } = requestHead(context)
    const part = partOf(path)
    world.stats.count(part === "gateway" ? part : `${method} ${path}`, part === "iam")
    return part === "gateway" ? gateway(world, context) : next()
  })
  app.use(faultsBeforeRoutes(world))
  tokenRoutes(app, world)
  temporaryKeyRoutes(app, world)
  federationRoutes(app, world)
  lookupRoutes(app, world)
  machineRoutes(app, world)
  app.notFound((context) => keystoneError(404, "The resource could not be found.").answer(context))
  app.onError((error, context) =>
    (error instanceof Refusal
      ? error
      : gatewayError(500, "APIGW.0200", `Internal error of the emulator: ${error.message}`)
    ).answer(context),
  )
  return app
}

function close(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve())
    server.closeAllConnections()
  })
}
