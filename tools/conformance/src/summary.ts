import type { Body, Scenario } from "./matrix.ts"
import type { RuntimeReport } from "./run-matrix.ts"
import type { Size } from "./sizes.ts"

/** Cells of one kind, counted. */
export interface Counts {
  ok: number
  declined: number
  failed: number
}

/** What is published and compared: without what differs between two runs. */
export interface Summary {
  readonly runtimes: Readonly<Record<string, RuntimeSummary>>
  readonly sizes: Readonly<Record<string, number>>
}

export interface RuntimeSummary {
  readonly version: string
  /** Of 531: signatures that come out as official implementations make them. */
  readonly vectors: number
  readonly clients: Readonly<Record<string, ClientSummary>>
}

export interface ClientSummary {
  readonly scenarios: Readonly<Partial<Record<Scenario, Counts>>>
  readonly bodies: Readonly<Partial<Record<Body, Counts>>>
}

export function summaryOf(reports: readonly RuntimeReport[], sizes: readonly Size[]): Summary {
  const runtimes = reports.map(({ runtime, version, cells, vectors }) => {
    const clients: Record<string, { scenarios: Record<string, Counts>; bodies: Record<string, Counts> }> = {}
    for (const { client, scenario, body, judgement } of cells) {
      clients[client] ??= { scenarios: {}, bodies: {} }
      const { scenarios, bodies } = clients[client]
      for (const [counts, name] of [
        [scenarios, scenario],
        [bodies, body],
      ] as const) {
        counts[name] ??= { ok: 0, declined: 0, failed: 0 }
        counts[name][judgement.outcome] += 1
      }
    }
    return [runtime, { version, vectors: vectors.right, clients }] as const
  })
  return {
    runtimes: Object.fromEntries(runtimes),
    sizes: Object.fromEntries(sizes.map(({ what, gzipped }) => [what, gzipped])),
  }
}

/** How much larger a bundle may be than the published one before that counts as worse. */
const SIZE_TOLERANCE = 1.02

/** What is worse now than what was published, or not published at all; empty when all is as good. */
export function regressions(published: Summary, now: Summary): string[] {
  const worse: string[] = []
  for (const [runtime, { vectors, clients }] of Object.entries(now.runtimes)) {
    const before = published.runtimes[runtime]
    if (before === undefined) {
      worse.push(`${runtime} is not in the published table`)
      continue
    }
    if (vectors < before.vectors) worse.push(`${runtime}: ${vectors} vectors in place of ${before.vectors}`)
    for (const name of new Set([...Object.keys(clients), ...Object.keys(before.clients)])) {
      for (const layer of ["scenarios", "bodies"] as const)
        worse.push(...compared(`${runtime}, ${name}`, before.clients[name]?.[layer], clients[name]?.[layer]))
    }
  }
  for (const [what, size] of Object.entries(now.sizes)) {
    const before = published.sizes[what]
    if (before === undefined) worse.push(`the size of "${what}" is not in the published table`)
    else if (size > before * SIZE_TOLERANCE) worse.push(`"${what}" takes ${size} bytes in place of ${before}`)
  }
  return worse
}

function compared(
  where: string,
  before: Readonly<Record<string, Counts>> = {},
  now: Readonly<Record<string, Counts>> = {},
): string[] {
  return [...new Set([...Object.keys(before), ...Object.keys(now)])].flatMap((row) => {
    const [old, current] = [before[row], now[row]]
    if (old === undefined) return [`${where}, ${row}: not in the published table`]
    if (current === undefined) return [`${where}, ${row}: not run any more`]
    return current.ok < old.ok || current.failed > old.failed
      ? [`${where}, ${row}: ${current.ok} ok and ${current.failed} failed, in place of ${old.ok} and ${old.failed}`]
      : []
  })
}
