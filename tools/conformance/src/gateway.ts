import { createServer, type IncomingHttpHeaders, type IncomingMessage, type ServerResponse } from "node:http"
import type { AddressInfo } from "node:net"
import { verify } from "@countersign/fetch"
import { type Cell, CREDENTIALS } from "./matrix.ts"

/** One attempt as it came off the wire. */
export interface Arrival {
  readonly at: "main" | "listed" | "foreign"
  readonly method: string
  readonly target: string
  readonly headers: IncomingHttpHeaders
  readonly body: Buffer
  /** "valid", or what is wrong with its authentication. */
  readonly verdict: string
}

/** Three real servers: the one that is called, another that is listed, and one that is not. */
export interface Gateway {
  readonly main: string
  readonly listed: string
  /** Of one cell, attempt by attempt; those of the request without authentication apart. */
  arrivals(id: number): { authenticated: readonly Arrival[]; bare: readonly Arrival[] }
  /** Answers paths that belong to no cell. */
  onControl(
    handler: (path: string, body: string) => { type: string; body: string } | Promise<{ type: string; body: string }>,
  ): void
  close(): Promise<void>
}

const keys = Object.values(CREDENTIALS)

export async function startGateway(cells: ReadonlyMap<number, Cell>): Promise<Gateway> {
  const authenticated = new Map<number, Arrival[]>()
  const bare = new Map<number, Arrival[]>()
  let control: Parameters<Gateway["onControl"]>[0] | undefined
  const origins = { main: "", listed: "", foreign: "" }

  const serve = async (at: Arrival["at"], request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const chunks: Buffer[] = []
    for await (const chunk of request) chunks.push(chunk as Buffer)
    const body = Buffer.concat(chunks)
    const { method = "", url: target = "", headers } = request
    const [, layer, digits] = /^\/(c|bare)\/(\d+)/.exec(target) ?? []
    // Browsers ask before they send to another origin.
    const cors = {
      "access-control-allow-origin": "*",
      "access-control-allow-headers": "*",
      "access-control-allow-methods": "*",
    }
    if (method === "OPTIONS") {
      response
        .writeHead(204, { ...cors, "access-control-allow-headers": headers["access-control-request-headers"] ?? "*" })
        .end()
      return
    }
    if (digits === undefined) {
      const answer = (await control?.(target, body.toString())) ?? { type: "text/plain", body: "" }
      response.writeHead(200, { ...cors, "content-type": answer.type }).end(answer.body)
      return
    }
    const id = Number(digits)
    const kept = layer === "bare" ? bare : authenticated
    const list = kept.get(id) ?? []
    kept.set(id, list)
    const verdict = await verdictOf(origins[at], method, target, headers, body)
    list.push({ at, method, target, headers, body, verdict })
    const cell = cells.get(id)
    const answer = layer === "bare" || cell === undefined ? OK : answerOf(cell, list, origins, at)
    response
      .writeHead(answer.status, { ...cors, "content-type": "application/json", ...answer.headers })
      .end(answer.body ?? "{}")
  }

  const servers = await Promise.all(
    (["main", "listed", "foreign"] as const).map(async (at) => {
      const server = createServer((request, response) => {
        serve(at, request, response).catch(() => response.destroy())
      })
      await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve))
      origins[at] = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
      return server
    }),
  )
  return {
    main: origins.main,
    listed: origins.listed,
    arrivals: (id) => ({ authenticated: authenticated.get(id) ?? [], bare: bare.get(id) ?? [] }),
    onControl(handler) {
      control = handler
    },
    async close() {
      for (const server of servers) {
        server.closeAllConnections()
        await new Promise((resolve) => server.close(resolve))
      }
    },
  }
}

interface Answer {
  readonly status: number
  readonly headers?: Record<string, string>
  readonly body?: string
}

const OK: Answer = { status: 200 }

function answerOf(
  { id, scenario }: Cell,
  list: readonly Arrival[],
  origins: Record<string, string>,
  at: Arrival["at"],
): Answer {
  const isFirst = list.length === 1
  const redirect = (status: number, to: string): Answer => (isFirst ? { status, headers: { location: to } } : OK)
  if (at !== "main") return OK
  switch (scenario) {
    case "plain":
      return OK
    case "retry after 503 twice":
      return list.length <= 2 ? { status: 503 } : OK
    case "307 to a listed host":
      return redirect(307, `${origins.listed}/c/${id}/to`)
    case "307 to a foreign host":
      return redirect(307, `${origins.foreign}/c/${id}/to`)
    case "401, then another credential":
      return isFirst ? refusal("Get secretKey failed,ak:AK,err:ak not exist") : OK
    case "expired signature":
      return isFirst
        ? refusal(
            `calc aksk signature fail:signature expired, signature time:20200101T000000Z,server time:${sdkDate(AHEAD_MS)}`,
          )
        : OK
    default:
      return redirect(Number(scenario.slice(0, 3)), `/c/${id}/to?x=1`)
  }
}

function refusal(message: string): Answer {
  const error = {
    error_code: "APIGW.0301",
    error_msg: `Incorrect IAM authentication information: ${message}`,
    request_id: "r",
  }
  return { status: 401, body: JSON.stringify(error) }
}

/** The clock of the gateway is ahead, as far as it tells. */
const AHEAD_MS = 20 * 60_000

function sdkDate(aheadMs: number): string {
  return new Date(Date.now() + aheadMs).toISOString().replace(/[-:]|\.\d+/g, "")
}

async function verdictOf(
  origin: string,
  method: string,
  target: string,
  headers: IncomingHttpHeaders,
  body: Buffer,
): Promise<string> {
  if (headers["x-auth-token"] !== undefined)
    return /^token-\d+$/.test(String(headers["x-auth-token"])) ? "valid" : "an unknown token"
  if (headers.authorization === undefined) return "no authentication"
  const result = await verify(
    { method, url: origin + target, headers: headers as Record<string, string>, body },
    { secretFor: async (id) => keys.find(({ accessKeyId }) => accessKeyId === id), maxSkewMs: 24 * 3_600_000 },
  )
  return result.ok ? "valid" : result.message
}
