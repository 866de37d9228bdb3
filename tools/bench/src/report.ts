import { execFileSync } from "node:child_process"
import { readFile } from "node:fs/promises"
import { findPackageJSON } from "node:module"
import { cpus, loadavg, totalmem } from "node:os"
import type { Chart, Findings, Row } from "./row.ts"
import type { RuntimeName } from "./runtimes.ts"

/** The published figures, from which the page is made. */
export interface Report {
  readonly runtimes: { readonly [Name in RuntimeName]?: Run }
}

/** All parts on one runtime. */
export interface Run {
  readonly version: string
  /** Such as 2026-11-23. */
  readonly date: string
  readonly machine: Machine
  /** Versions of the peers. */
  readonly peers: Readonly<Record<string, string>>
  readonly parts: readonly MeasuredPart[]
}

export interface MeasuredPart {
  readonly name: string
  /** Of the measured code, abbreviated. */
  readonly commit: string
  readonly section: string
  readonly rows: readonly Row[]
  readonly charts: readonly Chart[]
}

export interface Machine {
  readonly cpu: string
  readonly cores: number
  readonly memoryGb: number
  readonly system: string
  /** The load of the machine when the run started. */
  readonly load: number
}

export function machine(): Machine {
  return {
    cpu: cpus()[0]?.model.trim() ?? "unknown",
    cores: cpus().length,
    memoryGb: Math.round(totalmem() / 2 ** 30),
    system: `${process.platform} ${process.arch}`,
    load: rounded(loadavg()[0] ?? 0),
  }
}

/** Dependencies that the bench itself uses. It measures all others from outside this workspace. */
const TOOLS = ["@types/aws4", "echarts", "esbuild"]

export async function peerVersions(): Promise<Record<string, string>> {
  const own = await manifest(new URL("../package.json", import.meta.url))
  const names = Object.keys(own.devDependencies ?? {}).filter(
    (name) => !name.startsWith("@countersign/") && !TOOLS.includes(name),
  )
  const versions = names.map(async (name) => [name, (await manifest(findPackageJSON(name, import.meta.url))).version])
  return Object.fromEntries(await Promise.all(versions))
}

/** The published form of findings, without insignificant digits. */
export function measuredPart(
  { name, section }: Pick<MeasuredPart, "name" | "section">,
  commit: string,
  { rows, charts = [] }: Findings,
): MeasuredPart {
  return {
    name,
    commit,
    section,
    rows: rows.map((row) => ({
      ...row,
      value: rounded(row.value),
      ...(row.spread === undefined ? {} : { spread: [rounded(row.spread[0]), rounded(row.spread[1])] as const }),
    })),
    charts: charts.map((chart) => ({
      ...chart,
      curves: chart.curves.map(({ name, points }) => ({
        name,
        points: points.map(([size, nanoseconds]) => [size, rounded(nanoseconds)] as const),
      })),
    })),
  }
}

/** The commit in this workspace, abbreviated. It ends with `+` if code has been changed since. */
export function currentCommit(): string {
  const git = (...args: string[]): string => execFileSync("git", args, { encoding: "utf8" }).trim()
  return (
    git("rev-parse", "--short=8", "HEAD") +
    (git("status", "--porcelain", "--untracked-files=no", "--", ":/packages", ":/tools") === "" ? "" : "+")
  )
}

function rounded(value: number): number {
  return Number(value.toPrecision(4))
}

async function manifest(path: string | URL | undefined): Promise<{
  version: string
  devDependencies?: Record<string, string>
}> {
  if (path === undefined) throw new Error("A package of the bench is not installed: npm ci")
  return JSON.parse(await readFile(path, "utf8")) as { version: string; devDependencies?: Record<string, string> }
}
