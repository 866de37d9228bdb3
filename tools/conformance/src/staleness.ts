import { columnsOf } from "./columns.ts"
import { AUTHS, BODIES, SCENARIOS } from "./matrix.ts"
import { render } from "./render.ts"
import type { Summary } from "./summary.ts"

/** The differences of a published page from the matrix or the installed packages; empty if it is up to date. */
export function staleness(published: Summary, page: string, now: Summary, runtimes: readonly string[]): string[] {
  const stale: string[] = []
  const compare = (what: string, before: readonly string[], current: readonly string[]): void => {
    for (const one of current.filter((name) => !before.includes(name))) stale.push(`${what}: ${one} is not published`)
    for (const one of before.filter((name) => !current.includes(name))) stale.push(`${what}: ${one} is there no more`)
  }
  compare("versions", pairs(published.clients), pairs(now.clients))
  compare("rows", published.scenarios, SCENARIOS)
  compare("authentications", published.auths, AUTHS)
  compare("runtimes", Object.keys(published.runtimes), runtimes)
  compare("bundles", namesOf(published), namesOf(now))
  for (const [name, { cells }] of Object.entries(published.runtimes)) {
    compare(
      name,
      Object.keys(cells),
      columnsOf(name).map((column) => column.name),
    )
    for (const [column, bodies] of Object.entries(cells)) compare(`${name}, ${column}`, Object.keys(bodies), BODIES)
  }
  for (const [name, { renewals }] of Object.entries(now.runtimes)) {
    if (renewals?.of !== published.runtimes[name]?.renewals?.of) stale.push(`${name}: its renewals are not published`)
  }
  if (page !== render(published)) stale.push("docs/conformance.md is not what docs/conformance.json makes")
  return stale
}

function pairs(versions: Readonly<Record<string, string>>): string[] {
  return Object.entries(versions).map(([name, version]) => `${name} ${version}`)
}

function namesOf({ sizes }: Summary): string[] {
  return sizes.map(({ what }) => what)
}
