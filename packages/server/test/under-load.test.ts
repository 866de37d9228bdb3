import { Agent, createServer, request } from "node:http"
import { buffer } from "node:stream/consumers"
import { setTimeout as sleep } from "node:timers/promises"
import { sign } from "@countersign/auth-core"
import { expect, it, onTestFinished } from "vitest"
import { createVerifier } from "../src/index.ts"

const CONNECTIONS = 64
// All of them in the job of the workflow that takes the figures.
const REQUESTS = process.env.COUNTERSIGN_SOAK === "1" ? 60_000 : 6_000
const OWNERS = 100

/** A forged request differs from a right one in one of these. */
const FORGERIES = ["method", "path", "query", "body", "signature", "key", "time"] as const

const secretOf = (owner: number): string => `sk-of-${owner}`

it("accepts every right request of 64 connections, and no forged one, and its memory stays level", async () => {
  const verifier = createVerifier({
    // As a database would: later, and rotating.
    keys: async (accessKeyId) => {
      await sleep(1)
      const owner = Number(/^AK(\d+)$/.exec(accessKeyId)?.[1] ?? OWNERS)
      return owner < OWNERS ? { secretAccessKey: ["sk-old", secretOf(owner)], owner } : undefined
    },
    keyCache: { ttlMs: 500 },
  })
  const server = createServer(async (incoming, response) => {
    const { method = "", headers, url } = incoming
    const given = Object.entries(headers).map(([name, value]) => [name, String(value)] as const)
    const body = await buffer(incoming)
    const verdict = await verifier.verify({ method, url: `http://${headers.host}${url}`, headers: given, body })
    response.writeHead(verdict.ok ? 200 : verdict.status).end(verdict.ok ? String(verdict.auth?.owner) : verdict.body)
  })
  await new Promise<void>((resolve) => void server.listen(0, "127.0.0.1", resolve))
  onTestFinished(() => void server.close())
  const address = server.address()
  const origin = `http://127.0.0.1:${typeof address === "object" ? address?.port : 0}`
  const agent = new Agent({ keepAlive: true, maxSockets: CONNECTIONS })
  onTestFinished(() => agent.destroy())

  const send = (index: number): Promise<{ status: number; text: string }> => {
    const forgery = index % 2 === 0 ? undefined : FORGERIES[((index - 1) / 2) % FORGERIES.length]
    const owner = index % OWNERS
    const target = { method: "POST", url: `${origin}/v1/orders/${index}?limit=${index}`, body: `{"number":${index}}` }
    const date = new Date(Date.now() - (forgery === "time" ? 16 * 60_000 : 0))
    const key = { accessKeyId: `AK${forgery === "key" ? OWNERS + owner : owner}`, secretAccessKey: secretOf(owner) }
    const headers = sign(target, key, { date })
    if (forgery === "signature") {
      const { authorization = "" } = headers
      headers.authorization = authorization.slice(0, -1) + (authorization.endsWith("0") ? "1" : "0")
    }
    const url = new URL(target.url)
    if (forgery === "path") url.pathname += "x"
    if (forgery === "query") url.search += "1"
    return new Promise((resolve, reject) => {
      const outgoing = request(
        url,
        { agent, headers, method: forgery === "method" ? "PUT" : "POST" },
        async (response) => resolve({ status: response.statusCode ?? 0, text: (await buffer(response)).toString() }),
      )
      outgoing.on("error", reject).end(forgery === "body" ? `${target.body} ` : target.body)
    })
  }

  const heaps: number[] = []
  const wrong: string[] = []
  let next = 0
  await Promise.all(
    Array.from({ length: CONNECTIONS }, async () => {
      while (next < REQUESTS) {
        const index = next++
        const { status, text } = await send(index)
        const isRight = index % 2 === 0 ? status === 200 && text === String(index % OWNERS) : status === 401
        if (!isRight) wrong.push(`${index}: ${status} ${text}`)
        if (index % (REQUESTS / 6) === REQUESTS / 6 - 1) {
          globalThis.gc?.()
          heaps.push(process.memoryUsage().heapUsed)
        }
      }
    }),
  )
  expect(wrong).toEqual([])
  // The first sixth warms up.
  const [first = 0] = heaps
  expect(Math.max(...heaps) - first).toBeLessThan(64 * 1024 * 1024)
}, 300_000)
