import { recordingServer } from "@countersign/testkit"
import { expect, it } from "vitest"
import { type Auth, tokenAuth, withAuth } from "../src/index.ts"
import { clients } from "./clients.ts"

const of = (value: string): Auth => {
  const issuedAt = Date.now()
  return tokenAuth({ value, issuedAt, expiresAt: issuedAt + 86_400_000 })
}

it.each(clients)(
  "%s: a cache gives no customer the public answer of another, where the server says Vary",
  async (_, client) => {
    const server = await recordingServer(({ headers }) => ({
      headers: { "cache-control": "public, max-age=60", vary: "X-Auth-Token" },
      body: `of ${headers["x-auth-token"]}`,
    }))
    const api = withAuth(client.extend({ cache: new Map(), prefixUrl: server.url }), of("own"))
    const [first, second] = [of("first"), of("second")]
    const answers: string[] = []
    for (const countersign of [first, first, second, second, first]) {
      answers.push(await api.get("x", { context: { countersign } }).text())
    }
    answers.push(await api.get("x").text())
    expect(answers).toEqual(["of first", "of first", "of second", "of second", "of first", "of own"])
    // The cache keeps one answer per URL.
    expect(server.arrivals.map(({ headers }) => headers.authorization)).toEqual([
      undefined,
      undefined,
      undefined,
      undefined,
    ])
    await server.close()
  },
)
