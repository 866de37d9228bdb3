import type { IncomingMessage, ServerResponse } from "node:http"
import type { HandlerOptions, RegisteredOwner, Verifier } from "@countersign/server"
import { type AuthOf, createNodeReceiver, type KeepingRequest, sendRefusal, stepsOf } from "@countersign/server/adapter"

declare global {
  namespace Express {
    interface Request {
      /** The caller, once its signature is checked: behind `auth`, unless that is optional. */
      auth?: AuthOf<RegisteredOwner>
      /** The exact bytes of the body, with the option of that name. */
      rawBody?: Buffer | undefined
    }
  }
}

/** Middleware of Express, Connect, and whatever else takes the same. */
export type Middleware = (request: IncomingMessage, response: ServerResponse, next: (error?: unknown) => void) => void

/** Express keeps the URL here when it mounts a router. */
interface ExpressRequest extends IncomingMessage, KeepingRequest {
  originalUrl?: string
}

/**
 * Middleware that lets requests pass whose signature is right, and answers all others. Put it before parsers of bodies: they
 * get the body as it came. The handler finds the caller in `request.auth`.
 *
 * A body whose hash the caller signed is checked while it is read. If it turns out to be wrong, the refusal is sent and the
 * body fails where it is read, with `RequestRefused`.
 *
 * @throws {AuthError} `AUTH_INVALID_OPTION`
 */
export function auth<Owner>(verifier: Verifier<Owner, boolean>, options: HandlerOptions = {}): Middleware {
  const receive = createNodeReceiver(verifier, options)
  return (request: ExpressRequest, response, next) => {
    const path = request.originalUrl ?? request.url ?? "/"
    const steps = stepsOf(request, next, (refusal) => sendRefusal(refusal, response))
    receive(request, response, path, steps)
  }
}
