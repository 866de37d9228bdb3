import type { IncomingMessage, ServerResponse } from "node:http"
import { warn } from "@countersign/auth-core/adapter"
import type { Verifier } from "./create-verifier.ts"
import { createFetchReceiver } from "./fetch-receiver.ts"
import type { HandlerOptions } from "./handler-options.ts"
import type { Awaitable } from "./lookup.ts"
import { type AuthOf, createNodeReceiver } from "./node-receiver.ts"
import { OF_THE_ANSWER, type Refusal, RequestRefused, responseOf } from "./refusal.ts"

/** The auth of a request under certain options: it may be absent where they say so. */
export type AuthUnder<Owner, Options, Optional extends boolean = false> = [
  Extract<FlagsOf<Options> | Optional, true>,
] extends [never]
  ? NonNullable<AuthOf<Owner>>
  : AuthOf<Owner>

/** Those of each member of a union. */
type FlagsOf<Options> = Options extends unknown ? Options[keyof Options & ("optional" | "streamBody")] : never

/** Added to the request of a handler. */
export interface Authenticated<Owner, Options, Bytes, Optional extends boolean = false> {
  /** The caller. */
  readonly auth: AuthUnder<Owner, Options, Optional>
  /** The exact bytes of the body, with the option of that name. */
  readonly rawBody: Options extends { rawBody: true } ? Bytes : undefined
}

/** Wraps handlers, so that they see only requests whose signature is right. */
export interface AuthHandler<Owner, Options extends HandlerOptions, Optional extends boolean = false> {
  /**
   * For node:http and node:http2. Errors of the handler stay uncaught, as without the auth. A request that
   * cannot be checked, because its body was read before, gets 500, and the process warns with the code COUNTERSIGN_NOT_CHECKED.
   */
  node<Incoming extends IncomingMessage = IncomingMessage, Outgoing extends ServerResponse = ServerResponse>(
    handler: (request: Incoming & Authenticated<Owner, Options, Buffer, Optional>, response: Outgoing) => unknown,
  ): (request: Incoming, response: Outgoing) => void
  /**
   * For whatever takes a Request and gives a Response: workers, Deno, Bun, route handlers of Next.js. Further arguments pass
   * through. Errors of the handler pass through too.
   */
  fetch<Incoming extends Request = Request, Rest extends unknown[] = unknown[]>(
    handler: (
      request: Incoming & Authenticated<Owner, Options, Uint8Array, Optional>,
      ...rest: Rest
    ) => Awaitable<Response>,
  ): (request: Incoming, ...rest: Rest) => Promise<Response>
}

/**
 * Puts a verifier before handlers that use no framework. The handler finds the caller in `request.auth`, and reads the body as
 * if nobody had read it before.
 *
 * @throws {AuthError} `AUTH_INVALID_OPTION`
 */
export function createAuthHandler<
  Owner,
  const Options extends HandlerOptions = Record<never, never>,
  Optional extends boolean = false,
>(verifier: Verifier<Owner, Optional>, options?: Options): AuthHandler<Owner, Options, Optional> {
  const receiveNode = createNodeReceiver(verifier, options)
  const receiveFetch = createFetchReceiver(verifier, options)
  return {
    node: (handler) => (request, response) => {
      let isRefused = false
      let isHandled = false
      receiveNode(request, response, request.url ?? "/", {
        accept(auth, rawBody) {
          isHandled = true
          const handled = handler(Object.assign(request, { auth, rawBody }) as never, response)
          // A handler that fails after its body was refused is no defect.
          if (handled instanceof Promise) {
            handled.catch((error) => {
              if (!(isRefused || error instanceof RequestRefused)) throw error
            })
          }
        },
        identify: (auth) => Object.assign(request, { auth }),
        refuse(refusal) {
          isRefused = true
          sendRefusal(refusal, response)
        },
        fail(error) {
          if (isHandled) throw error
          warn("COUNTERSIGN_NOT_CHECKED", (error as Error).message)
          if (!response.headersSent) response.writeHead(500).end()
        },
      })
    },
    fetch:
      (handler) =>
      async (request, ...rest) => {
        const received = await receiveFetch(request, (auth) => Object.assign(given, { auth }), rest[0])
        if (!received.ok) return responseOf(received)
        const { auth, rawBody } = received
        const given = Object.assign(received.request, { auth, rawBody })
        try {
          const response = await handler(given as never, ...rest)
          return received.refusal === undefined ? response : responseOf(received.refusal)
        } catch (error) {
          if (received.refusal === undefined) throw error
          return responseOf(received.refusal)
        }
      },
  }
}

/** Answers a request of Node with a refusal, unless the program has answered already, as after a time limit of its own. */
export function sendRefusal({ status, headers, body }: Refusal, response: ServerResponse): void {
  if (response.headersSent) return
  for (const name of OF_THE_ANSWER) response.removeHeader(name)
  response.writeHead(status, { ...headers, "content-length": Buffer.byteLength(body) }).end(body)
}
