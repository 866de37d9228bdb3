import { isIP } from "node:net"
import { isLoopback } from "@countersign/auth-core/adapter"
import type { MiddlewareHandler } from "hono"
import type { ServerEnv } from "../incoming-request.ts"
import { Refusal } from "../refusal.ts"

/**
 * Keeps web pages of other sites from reading and changing the emulator: pages that call this origin, and pages whose host
 * name was made to point to this machine.
 *
 * @param isAllowed whether the option `cors` admits an origin
 */
export function refuseOtherSites(isAllowed: (origin: string) => boolean): MiddlewareHandler<ServerEnv> {
  return async (context, next) => {
    const url = new URL(context.req.url)
    const from = context.req.header("origin")
    const site = context.req.header("sec-fetch-site")
    // Programs send neither header. A page that is opened by its address belongs to no site.
    const isForeign =
      site === undefined ? from !== undefined && from !== url.origin : site !== "same-origin" && site !== "none"
    if (isForeign && !isAllowed(from ?? ""))
      throw refusal("Pages of other sites may not call the emulator", "their origin")
    // A browser treats such a page as one of the emulator's origin, so no header tells them apart.
    const isRenamed = isLoopbackAddress(context.env.incoming.socket.localAddress) && !isOwnName(url.hostname)
    if (isRenamed && !isAllowed(url.origin)) throw refusal("This host name is unknown here", "its origin")
    await next()
  }
}

function refusal(problem: string, admitted: string): Refusal {
  return new Refusal(403, { error: `${problem}: start the emulator with ${admitted} in \`cors\`.` })
}

/** A name that nobody else can point to this machine, or an address. */
function isOwnName(hostname: string): boolean {
  return isLoopback(hostname) || isIP(hostname.replace(/^\[(.*)\]$/, "$1")) !== 0
}

function isLoopbackAddress(address = ""): boolean {
  return address === "::1" || isLoopback(address.replace(/^::ffff:/, ""))
}
