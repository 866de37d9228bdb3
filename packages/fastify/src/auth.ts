import type { HandlerOptions, Refusal, RegisteredOwner, Verifier } from "@countersign/server"
import { type AuthOf, createNodeReceiver, type NodeReceiver, OF_THE_ANSWER, stepsOf } from "@countersign/server/adapter"
import type { FastifyPluginAsync, RegisterOptions } from "fastify"

declare module "fastify" {
  interface FastifyRequest {
    /** The caller, once its signature is checked: on routes of `auth`, unless it is optional there. */
    auth: AuthOf<RegisteredOwner>
    /** The exact bytes of the body, with the option of that name. */
    rawBody: Buffer | undefined
  }
  interface FastifyContextConfig {
    /**
     * Other options for this route, or `false` for no authentication. Fastify infers the type of `config` from what it is
     * given, so only `satisfies HandlerOptions` lets TypeScript refuse an unknown name.
     */
    auth?: HandlerOptions | false | undefined
  }
}

/** The options of the plugin: those of its routes, unless a route has its own. */
export interface AuthOptions<Owner = unknown> extends HandlerOptions {
  /** Checks the requests. */
  verifier: Verifier<Owner, boolean>
}

/**
 * Plugin that lets requests pass whose signature is right, and answers all others. It is about the routes of the scope in
 * which it is registered, and about those within. A handler finds the caller in `request.auth`; the parsers of Fastify get
 * the body as it came.
 *
 * A body whose hash the caller signed is checked while it is read. If it turns out to be wrong, the refusal is sent and the
 * body fails where it is read, with `RequestRefused`.
 *
 * @throws {AuthError} `AUTH_INVALID_OPTION` when it is registered, and when a route with wrong options is added. If the route
 * is added before the plugin is loaded, its requests fail with that error.
 */
export const auth: FastifyPluginAsync<AuthOptions> = Object.assign(
  (async (app, given) => {
    // Fastify adds options of its own.
    const { verifier, prefix: _, logLevel: __, logSerializers: ___, ...own } = given as typeof given & RegisterOptions
    // Options of a class may be on its prototype.
    const options: HandlerOptions = Object.assign(Object.create(Object.getPrototypeOf(given)), own)
    const usual = createNodeReceiver(verifier, options)
    const ofRoute = new WeakMap<HandlerOptions, NodeReceiver<unknown>>()
    // A route that was added before the plugin was loaded has no receiver yet.
    const receiverOf = (own: HandlerOptions): NodeReceiver<unknown> => {
      const receive = ofRoute.get(own) ?? createNodeReceiver(verifier, own, options)
      ofRoute.set(own, receive)
      return receive
    }
    if (!app.hasRequestDecorator("auth")) app.decorateRequest("auth", undefined).decorateRequest("rawBody", undefined)
    app.addHook("onRoute", ({ config }) => {
      const own = config?.auth
      if (own) receiverOf(own)
    })
    app.addHook("onRequest", (request, reply, next) => {
      const own = request.routeOptions.config.auth
      if (own === false) return next()
      const receive = own ? receiverOf(own) : usual
      const refuse = ({ status, headers, body }: Refusal): void => {
        for (const name of OF_THE_ANSWER) reply.removeHeader(name)
        reply.code(status).headers(headers).send(body)
      }
      receive(request.raw, reply.raw, request.originalUrl, stepsOf(request, next, refuse))
    })
  }) satisfies FastifyPluginAsync<AuthOptions>,
  {
    // Fastify reads these: the hooks belong to the scope that registers the plugin, not to one of its own.
    [Symbol.for("skip-override")]: true,
    [Symbol.for("fastify.display-name")]: "@countersign/fastify",
    [Symbol.for("plugin-meta")]: { name: "@countersign/fastify", fastify: "5.x" },
  },
)
