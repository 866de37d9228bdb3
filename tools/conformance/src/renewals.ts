import { createServer } from "node:http"
import type { AddressInfo } from "node:net"
import { setTimeout as pause } from "node:timers/promises"

/** Calls a worker. Returns the status and the text of its answer. */
export type Dispatch = (path: string) => Promise<{ status: number; text(): Promise<string> }>

/** The number of requests that got a valid token while tokens are renewed across requests. */
export interface Renewals {
  readonly right: number
  readonly of: number
  readonly faults: readonly string[]
}

/** The delay of IAM. A token lives for 4 s, and is renewed after half of that. */
const IAM_MS = 800
const PAST_SOFT_EXPIRY_MS = 2_200
const RENEWED_MS = 1_200
const TOO_LONG_MS = 10_000

/** Sends requests that renew a worker's token, that leave a renewal pending, and that arrive during one. */
export async function tryRenewals(dispatch: Dispatch): Promise<Renewals> {
  let issued = 0
  const server = createServer(async (request, response) => {
    if (request.url !== "/iam") {
      response.end(request.headers["x-auth-token"] ?? "no token")
      return
    }
    await pause(IAM_MS)
    issued += 1
    response.end(JSON.stringify({ value: `token-${issued}` }))
  })
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve))
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const faults: string[] = []
  let right = 0
  let of = 0
  const check = (what: string, isRight: boolean): void => {
    of += 1
    if (isRight) right += 1
    else faults.push(what)
  }
  const ask = async (path: string, client: string): Promise<string> => {
    const query = new URLSearchParams({ server: origin, client })
    const answer = dispatch(`${path}?${query}`).then((response) => response.text())
    return await Promise.race([answer, pause(TOO_LONG_MS, "no answer", { ref: false })])
  }
  const call = async (client: string, what: string): Promise<string> => {
    const text = await ask("/call", client)
    check(`${client}, ${what}: ${text}`, text.startsWith("token-"))
    return text
  }
  const acrossRequests = async (client: string): Promise<void> => {
    const first = await call(client, "the first request")
    for (const round of ["the first renewal", "the second renewal"]) {
      await pause(PAST_SOFT_EXPIRY_MS)
      await call(client, `the request that begins ${round}`)
      await pause(RENEWED_MS)
      check(`${client}: ${round} brought nothing`, (await call(client, `the request after ${round}`)) !== first)
    }
  }
  const afterOneThatLeft = async (client: string): Promise<void> => {
    const left = ask("/leave", client)
    await pause(50)
    await Promise.all([left, call(client, "one that waits with it"), call(client, "another that waits with it")])
    await call(client, "one that comes later")
  }
  try {
    await Promise.all(["alone", "kept"].flatMap((name) => [acrossRequests(name), afterOneThatLeft(`${name}, left`)]))
    return { right, of, faults }
  } finally {
    server.closeAllConnections()
    server.close()
  }
}
