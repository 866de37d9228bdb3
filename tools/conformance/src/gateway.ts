import { createServer, type IncomingHttpHeaders, type IncomingMessage, type ServerResponse } from "node:http"
import type { AddressInfo } from "node:net"
import { verify } from "@countersign/fetch"
import { answerTo, OK } from "./answers.ts"
import type { Arrivals } from "./judge.ts"
import { type Cell, CREDENTIALS, isRejection } from "./matrix.ts"

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
  arrivals(cell: Cell): Arrivals
  /** Answers paths that belong to no cell. */
  onControl(handler: Control): void
  close(): Promise<void>
}

/** Answers a path, with its query, and the body that came with it. */
export type Control = (path: string, body: string) => Promise<{ readonly type: string; readonly body: string }>

const keys = Object.values(CREDENTIALS)

export async function startGateway(cells: ReadonlyMap<number, Cell>): Promise<Gateway> {
  const authenticated = new Map<number, Arrival[]>()
  const alone = new Map<number, Arrival[]>()
  let control: Control | undefined
  const origins = { main: "", listed: "", foreign: "" }

  const serve = async (at: Arrival["at"], request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const chunks: Buffer[] = []
    for await (const chunk of request) chunks.push(chunk as Buffer)
    const body = Buffer.concat(chunks)
    const { method = "", url: target = "", headers } = request
    const [, layer, digits] = /^\/(c|alone)\/(\d+)/.exec(target) ?? []
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
    const kept = layer === "alone" ? alone : authenticated
    const list = kept.get(id) ?? []
    kept.set(id, list)
    const verdict = await verdictOf(origins[at], method, target, headers, body)
    list.push({ at, method, target, headers, body, verdict })
    const cell = cells.get(id)
    const isAnsweredWell = cell === undefined || at !== "main" || (layer === "alone" && isRejection(cell.scenario))
    const to = `/${layer}/${id}/to`
    const answer = isAnsweredWell ? OK : answerTo(cell.scenario, list.length, { ...origins, path: to })
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
    arrivals: ({ id, aloneId }) => ({ authenticated: authenticated.get(id) ?? [], alone: alone.get(aloneId) ?? [] }),
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
