import type { HandlerOptions, Refusal, Verifier } from "@countersign/server"
import {
  type AuthUnder,
  createFetchReceiver,
  OF_THE_ANSWER,
  passOn,
  type ReceivedRequest,
  responseOf,
} from "@countersign/server/adapter"
import type { MiddlewareHandler } from "hono"

/** The variables that handlers find in `c.var`. */
export interface AuthVariables<Owner, Options = Record<never, never>, Optional extends boolean = false> {
  /** The caller. */
  auth: AuthUnder<Owner, Options, Optional>
  /** The exact bytes of the body, with the option of that name. */
  rawBody: Options extends { rawBody: true } ? Uint8Array : undefined
}

/** The variable of the request that was checked last. */
const CHECKED = Symbol("checked")

/**
 * Middleware that lets requests pass whose signature is right, and answers all others. A handler finds the caller in
 * `c.var.auth`, and reads the body from `c.req` as it came.
 *
 * A body whose hash the caller signed is checked while it is read. If it turns out to be wrong, it fails where it is read, with
 * `RequestRefused`, and the refusal is the answer.
 *
 * @throws {AuthError} `AUTH_INVALID_OPTION`
 */
export function auth<
  Owner,
  const Options extends HandlerOptions = Record<never, never>,
  Optional extends boolean = false,
>(
  verifier: Verifier<Owner, Optional>,
  options?: Options,
): MiddlewareHandler<{ Variables: AuthVariables<Owner, Options, Optional> }> {
  const receive = createFetchReceiver(verifier, options)
  return (context, next) => {
    type Variables = AuthVariables<Owner, Options, Optional>
    const { raw } = context.req
    const earlier: Request | undefined = context.get(CHECKED as never)
    // A middleware may replace the request between two checks.
    if (earlier !== undefined && earlier !== raw) passOn(earlier, raw)
    const keep = (caller: unknown): void => context.set("auth", caller as Variables["auth"])
    const goOn = (received: ReceivedRequest<Owner> | Refusal): ReturnType<MiddlewareHandler> | Response => {
      if (!received.ok) {
        for (const name of OF_THE_ANSWER) context.header(name, undefined)
        return context.newResponse(received.body, received.status as 401, { ...received.headers })
      }
      context.set("rawBody", received.rawBody as Variables["rawBody"])
      keep(received.auth)
      context.set(CHECKED as never, received.request as never)
      if (received.request === raw) return next()
      context.req.raw = received.request
      return next().then(() => {
        if (received.refusal === undefined) return
        // Hono keeps the other headers of the program's answer.
        for (const name of OF_THE_ANSWER) context.res.headers.delete(name)
        context.res = responseOf(received.refusal)
      })
    }
    const received = receive(raw, keep, context.env)
    return received instanceof Promise ? received.then(goOn) : (goOn(received) as Promise<Response>)
  }
}
