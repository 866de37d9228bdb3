import type { ServiceOwner, ServiceSetting } from "@countersign/testkit"
import { type Context, Hono } from "hono"
import { cors } from "hono/cors"
import { HTTPException } from "hono/http-exception"
import { auth, createVerifier, type Identity } from "../src/index.ts"

/** The service of the contract. It also runs on other runtimes. */
export function application(
  { verifier: options, proxy, seen }: ServiceSetting,
  HonoClass: typeof Hono = Hono,
  HTTPExceptionClass: typeof HTTPException = HTTPException,
): Hono {
  const verifier = createVerifier(options)
  const app = new HonoClass()
  app.use(cors({ origin: "https://app.example.com" }))
  // Hono 4.0 prints errors that are not its own.
  app.onError((error) =>
    "getResponse" in error ? (error.getResponse as () => Response)() : new Response("", { status: 500 }),
  )
  const usual = auth(verifier, { proxy })
  type AppContext = Pick<Context, "req" | "json"> & { var: { auth?: Identity<ServiceOwner> | undefined } }
  const answer = async (route: string, context: AppContext, more: () => Promise<object> = async () => ({})) => {
    seen.push({ route, tenant: context.var.auth?.owner.tenant })
    const tenant = context.var.auth?.owner.tenant ?? null
    return context.json({ tenant, ...(await more()) })
  }
  app.get("/who", usual, (context) => answer("who", context))
  app.post("/json", usual, (context) => answer("json", context, async () => ({ body: await context.req.json() })))
  app.post("/form", usual, (context) => answer("form", context, async () => ({ body: await context.req.parseBody() })))
  app.post("/multipart", usual, (context) =>
    answer("multipart", context, async () => {
      const { name, file } = await context.req.parseBody()
      return { body: { name, file: base64(new Uint8Array(await (file as File).arrayBuffer())) } }
    }),
  )
  app.all("/bytes", usual, (context) =>
    answer("bytes", context, async () => ({ base64: base64(new Uint8Array(await context.req.arrayBuffer())) })),
  )
  app.post("/raw", auth(verifier, { rawBody: true }), (context) =>
    answer("raw", context, async () => {
      const raw = new TextDecoder().decode(context.var.rawBody)
      return { body: await context.req.json(), raw }
    }),
  )
  app.all("/optional", auth(verifier, { optional: true }), (context) =>
    answer("optional", context, async () => (context.req.method === "POST" ? { body: await context.req.json() } : {})),
  )
  app.post("/small", auth(verifier, { maxBodyBytes: 10 }), (context) =>
    answer("small", context, async () => ({ bytes: (await context.req.text()).length })),
  )
  app.post("/unsigned", auth(verifier, { allowUnsignedPayload: true }), (context) => answer("unsigned", context))
  app.get("/once", auth(verifier, { replay: true }), (context) => answer("once", context))
  app.get("/failing", usual, () => {
    throw new HTTPExceptionClass(418, { message: "of the handler" })
  })
  const maxBodyBytes = Number.POSITIVE_INFINITY
  const streaming = async (route: string, context: AppContext, isSwallowing = false) => {
    const one = { route, tenant: context.var.auth?.owner.tenant, bytes: 0 }
    seen.push(one)
    try {
      for await (const chunk of context.req.raw.body ?? []) one.bytes += chunk.length
      Object.assign(one, { later: context.var.auth?.owner.tenant })
      return context.json({ tenant: context.var.auth?.owner.tenant, bytes: one.bytes })
    } catch (failure) {
      Object.assign(one, { failure })
      if (!isSwallowing) throw failure
      return context.json({})
    }
  }
  app.post("/stream", auth(verifier, { maxBodyBytes }), (context) => streaming("stream", context))
  app.post("/early", auth(verifier, { maxBodyBytes, streamBody: true }), (context) => streaming("early", context))
  app.post("/swallow", auth(verifier, { maxBodyBytes }), (context) => streaming("swallow", context, true))
  const once = verifier.with({ replay: true })
  app.all("/twice", auth(once), auth(once, { maxBodyBytes: 1_000 }), (context) => answer("twice", context))
  const lenient = auth(verifier, { allowUnsignedPayload: true, allowUnsignedHost: true })
  app.all("*", lenient, (context) => answer("any", context))
  return app
}

function base64(bytes: Uint8Array): string {
  let text = ""
  for (const byte of bytes) text += String.fromCharCode(byte)
  return btoa(text)
}
