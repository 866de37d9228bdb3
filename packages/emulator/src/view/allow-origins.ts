import type { MiddlewareHandler } from "hono"
import { cors } from "hono/cors"
import type { ServerEnv } from "../incoming-request.ts"

/** Lets web pages of some origins call every route, and read the response headers that clients of Huawei Cloud read. */
export function allowOrigins(isAllowed: (origin: string) => boolean): MiddlewareHandler<ServerEnv> {
  const allow = cors({
    origin: (origin) => (isAllowed(origin) ? origin : null),
    allowMethods: ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"],
    exposeHeaders: ["x-subject-token", "x-request-id", "date", "retry-after"],
  })
  return async (context, next) => {
    const { method } = context.req
    // A signed OPTIONS request is for the gateway.
    const isPreflight = method === "OPTIONS" && context.req.header("access-control-request-method") !== undefined
    return method === "OPTIONS" && !isPreflight ? next() : allow(context, next)
  }
}
