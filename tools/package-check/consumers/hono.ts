import { auth, createVerifier } from "@countersign/hono"
import { Hono } from "hono"

export async function works(): Promise<boolean> {
  const verifier = createVerifier({ keys: () => ({ secretAccessKey: "sample-sk", owner: { name: "Alice" } }) })
  const app = new Hono()
  app.get("/", auth(verifier, { optional: true }), (c) => c.json({ name: c.var.auth?.owner.name ?? null }))
  app.get("/signed", auth(verifier), (c) => c.text(c.var.auth.owner.name))
  const bare = await (await app.request("/")).text()
  const refused = await app.request("/signed")
  return bare === `{"name":null}` && refused.status === 401
}
