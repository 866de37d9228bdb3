import { auth, createVerifier } from "@countersign/fastify"
import fastify from "fastify"

export async function works(): Promise<boolean> {
  const app = fastify()
  await app.register(auth, { verifier: createVerifier({ keys: () => undefined }) })
  app.get("/", { config: { auth: { optional: true } } }, async (request) => ({ isCaller: request.auth !== undefined }))
  const bare = await app.inject("/")
  const wrong = await app.inject({ url: "/", headers: { authorization: "x" } })
  return bare.body === `{"isCaller":false}` && wrong.statusCode === 401
}
