import { once } from "node:events"
import type { AddressInfo } from "node:net"
import { auth, createVerifier } from "@countersign/express"
import express from "express"

export async function works(): Promise<boolean> {
  const app = express()
  app.use(auth(createVerifier({ keys: () => undefined }), { optional: true }))
  app.get("/", (request, response) => {
    response.json({ isCaller: request.auth !== undefined })
  })
  const server = app.listen(0, "127.0.0.1")
  await once(server, "listening")
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const bare = await (await fetch(origin)).text()
  const wrong = await fetch(origin, { headers: { authorization: "x" } })
  await wrong.text()
  server.close().closeAllConnections()
  return bare === `{"isCaller":false}` && wrong.status === 401
}
