import { type Auth, createFetch } from "@countersign/fetch"
import createClient from "openapi-fetch"

interface Paths {
  "/things": { get: { responses: { 200: { content: { "application/json": { a: number } } } } } }
}

export async function client(auth: Auth): Promise<number | undefined> {
  const { data } = await createClient<Paths>({ fetch: createFetch(auth) }).GET("/things")
  return data?.a
}
