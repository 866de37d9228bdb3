import { mkdtemp, writeFile } from "node:fs/promises"
import type { IncomingHttpHeaders } from "node:http"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { selfSigned } from "@countersign/testkit"
import { answerTo, OK } from "./answers.ts"
import type { Arrival, Arrivals } from "./arrival.ts"
import { type Cell, isRejection } from "./matrix.ts"
import { openProxy, type WebProxy } from "./proxy.ts"
import { DOMAIN, openSite, type Site, type SiteRequest, type SiteResponse } from "./site.ts"
import { verdictOf } from "./verdict.ts"
import { PLACES, type Place, WIRES, type Wire, type WireAddresses } from "./wires.ts"

/** Three real servers on every wire: the called one, another listed one, and one that is not listed. */
export interface Gateway {
  readonly addresses: Readonly<Record<Wire, WireAddresses>>
  /** A file with the certificate of the TLS servers. */
  readonly certificate: string
  arrivals(cell: Cell): Arrivals
  /** Answers paths outside the cells. */
  onControl(handler: Control): void
  close(): Promise<void>
}

/** Answers a path with query, given the body of the request. */
export type Control = (path: string, body: string) => Promise<{ readonly type: string; readonly body: string }>

/** Browsers send a preflight request to another origin first. */
const CORS = {
  "access-control-allow-origin": "*",
  "access-control-allow-headers": "*",
  "access-control-allow-methods": "*",
}

export async function startGateway(cells: ReadonlyMap<number, Cell>): Promise<Gateway> {
  const authenticated = new Map<number, Arrival[]>()
  const alone = new Map<number, Arrival[]>()
  let control: Control | undefined

  const serve = async (place: Place, wire: Wire, request: SiteRequest, response: SiteResponse): Promise<void> => {
    const chunks: Buffer[] = []
    for await (const chunk of request) chunks.push(chunk as Buffer)
    const body = Buffer.concat(chunks)
    const { method = "", url: target = "" } = request
    const headers = headersOf(request)
    const [, layer, digits] = /^\/(c|alone)\/(\d+)/.exec(target) ?? []
    if (method === "OPTIONS") {
      const allowed = headers["access-control-request-headers"] ?? "*"
      reply(response, 204, { ...CORS, "access-control-allow-headers": allowed }, "")
      return
    }
    if (digits === undefined) {
      const answer = (await control?.(target, body.toString())) ?? { type: "text/plain", body: "" }
      reply(response, 200, { ...CORS, "content-type": answer.type }, answer.body)
      return
    }
    const id = Number(digits)
    const kept = layer === "alone" ? alone : authenticated
    const list = kept.get(id) ?? []
    kept.set(id, list)
    const { origin } = sites[wire][place]
    list.push({ at: place, method, headers, body, verdict: await verdictOf(origin, method, target, headers, body) })
    const cell = cells.get(id)
    const isAnsweredWell = cell === undefined || place !== "main" || (layer === "alone" && isRejection(cell.scenario))
    const elsewhere = {
      path: `/${layer}/${id}/to`,
      listed: sites[wire].listed.origin,
      foreign: sites[wire].foreign.origin,
    }
    const answer = isAnsweredWell ? OK : answerTo(cell.scenario, list.length, elsewhere, headers["x-sdk-date"])
    const type = { "content-type": "application/json" }
    reply(response, answer.status, { ...CORS, ...type, ...answer.headers }, answer.body ?? "{}")
  }

  const identity = selfSigned("localhost", `*.${DOMAIN}`)
  const certificate = join(await mkdtemp(join(tmpdir(), "countersign-conformance-")), "certificate.pem")
  await writeFile(certificate, identity.cert)
  const openAll = async (wire: Wire): Promise<Record<Place, Site>> => {
    const open = (place: Place): Promise<Site> =>
      openSite(place, wire, identity, (request, response) => {
        serve(place, wire, request, response).catch(() => response.destroy())
      })
    return { main: await open("main"), listed: await open("listed"), foreign: await open("foreign") }
  }
  const sites: Record<Wire, Record<Place, Site>> = {
    "HTTP/1.1": await openAll("HTTP/1.1"),
    "HTTP/2": await openAll("HTTP/2"),
    "forwarding proxy": await openAll("forwarding proxy"),
    "CONNECT proxy": await openAll("CONNECT proxy"),
  }
  const proxies: Partial<Record<Wire, WebProxy>> = {
    "forwarding proxy": await openProxy("forwarding proxy"),
    "CONNECT proxy": await openProxy("CONNECT proxy"),
  }
  const addressesOf = (wire: Wire): WireAddresses => ({
    main: sites[wire].main.origin,
    listed: sites[wire].listed.origin,
    proxy: proxies[wire]?.url,
  })
  return {
    addresses: Object.fromEntries(WIRES.map((wire) => [wire, addressesOf(wire)])) as Record<Wire, WireAddresses>,
    certificate,
    arrivals: ({ id, aloneId }) => ({ authenticated: authenticated.get(id) ?? [], alone: alone.get(aloneId) ?? [] }),
    onControl(handler) {
      control = handler
    },
    async close() {
      for (const proxy of Object.values(proxies)) await proxy.close()
      for (const wire of WIRES) await Promise.all(PLACES.map((place) => sites[wire][place].close()))
    },
  }
}

/** Uses the authority of HTTP/2 as Host. */
function headersOf({ headers }: SiteRequest): IncomingHttpHeaders {
  const { ":authority": authority, ...rest } = headers
  const visible = Object.fromEntries(Object.entries(rest).filter(([name]) => !name.startsWith(":")))
  if (typeof authority !== "string") return visible
  return { ...visible, host: [...new Set([authority, visible.host ?? authority])].join(" and ") }
}

function reply(response: SiteResponse, status: number, headers: Record<string, string>, body: string): void {
  response.statusCode = status
  for (const [name, value] of Object.entries(headers)) response.setHeader(name, value)
  response.end(body)
}
