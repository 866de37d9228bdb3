import type { HandlerOptions } from "@countersign/fastify"
import fastify from "fastify"

const app = fastify()
const answer = async () => "ok"

app.get("/right", { config: { auth: { optional: true } } }, answer)

// @ts-expect-error -- a size is a number
app.get("/wrong", { config: { auth: { maxBodyBytes: "10" } } }, answer)

// Fastify infers the type of `config` from what it is given, so it takes unknown names. The plugin refuses them at run time.
app.get("/unknown", { config: { auth: { optinal: true } } }, answer)

// @ts-expect-error -- no such option
app.get("/unknown", { config: { auth: { optinal: true } satisfies HandlerOptions } }, answer)
