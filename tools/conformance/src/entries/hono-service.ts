// A service with Hono for every runtime. As a process it prints its port.
import { auth, createVerifier } from "@countersign/hono"
import { Hono } from "hono"

const verifier = createVerifier({
  keys: async (accessKeyId) =>
    accessKeyId === "AKSERVICE0123456789X"
      ? { secretAccessKey: "secret-key-of-the-service-suite-012345", owner: { tenant: "alice" } }
      : undefined,
})

const app = new Hono()
app.get("/who", auth(verifier), (c) => c.json({ tenant: c.var.auth.owner.tenant }))
app.post("/json", auth(verifier), async (c) => c.json({ tenant: c.var.auth.owner.tenant, body: await c.req.json() }))
app.post("/form", auth(verifier), async (c) =>
  c.json({ tenant: c.var.auth.owner.tenant, body: await c.req.parseBody() }),
)
app.post("/multipart", auth(verifier), async (c) => {
  const { name, file } = await c.req.parseBody()
  return c.json({ body: { name, bytes: (file as File).size } })
})
app.post("/small", auth(verifier, { maxBodyBytes: 10 }), async (c) => c.json({ size: (await c.req.text()).length }))
app.all("/optional", auth(verifier, { optional: true }), (c) => c.json({ tenant: c.var.auth?.owner.tenant ?? null }))
app.post("/stream", auth(verifier, { maxBodyBytes: Number.POSITIVE_INFINITY }), async (c) => {
  let bytes = 0
  for (const reader = c.req.raw.body?.getReader(); reader !== undefined; ) {
    const { done, value } = await reader.read()
    if (done) break
    bytes += value.byteLength
  }
  return c.json({ tenant: c.var.auth.owner.tenant, bytes })
})

interface Runtime {
  Bun?: { serve(options: object): { port: number } }
  Deno?: { serve(options: object, fetch: unknown): void }
}

const { Bun, Deno } = globalThis as Runtime
const listening = ({ port }: { port: number }): void => console.log(String(port))
if (Bun !== undefined) listening(Bun.serve({ port: 0, hostname: "127.0.0.1", fetch: app.fetch }))
else if (Deno !== undefined) Deno.serve({ port: 0, hostname: "127.0.0.1", onListen: listening }, app.fetch)

// Bun would serve a default export on its own.
export const honoService = { fetch: app.fetch }
