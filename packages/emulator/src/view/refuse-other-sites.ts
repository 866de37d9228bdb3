import { isLoopback } from "@countersign/auth-core"
import type { MiddlewareHandler } from "hono"
import type { ServerEnv } from "../incoming-request.ts"
import { Refusal } from "../refusal.ts"

/**
 * Keeps web pages of other sites from reading and changing what goes on here: those that call this origin, and those whose
 * host name was made to point to this machine.
 *
 * @param isAllowed whether an origin was admitted by the option `cors`
 */
export function refuseOtherSites(isAllowed: (origin: string) => boolean): MiddlewareHandler<ServerEnv> {
  return async (context, next) => {
    const site = context.req.header("sec-fetch-site")
    const { hostname, origin } = new URL(context.req.url)
    const from = context.req.header("origin")
    // Programs send neither header, and a page that is opened by its address is of no site.
    const isForeign =
      site === undefined ? from !== undefined && from !== origin : site !== "same-origin" && site !== "none"
    const isRebound =
      site !== undefined && isLoopbackAddress(context.env.incoming.socket.localAddress) && !isLoopback(hostname)
    if ((isForeign && !isAllowed(from ?? "")) || isRebound) {
      throw new Refusal(403, {
        error: "Pages of other sites may not ask this: start the emulator with their origin in `cors`.",
      })
    }
    await next()
  }
}

function isLoopbackAddress(address = ""): boolean {
  return isLoopback(address.replace(/^::ffff:/, "").replace(/^::1$/, "[::1]"))
}
