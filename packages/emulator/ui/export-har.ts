import { call } from "./api.ts"

/** The number of ids that fit into the address of one call. */
const IDS_PER_CALL = 2_000

interface Har {
  log: { entries: object[] }
}

/** Saves requests as an HTTP Archive. */
export async function exportHar(ids: readonly number[]): Promise<void> {
  let archive: Har | undefined
  for (let start = 0; start < ids.length; start += IDS_PER_CALL) {
    const some = await call<Har>("GET", `requests.har?ids=${ids.slice(start, start + IDS_PER_CALL).join(",")}`)
    if (archive === undefined) archive = some
    else archive.log.entries.push(...some.log.entries)
  }
  const url = URL.createObjectURL(new Blob([JSON.stringify(archive, null, 2)], { type: "application/json" }))
  const link = Object.assign(document.createElement("a"), { href: url, download: "countersign.har" })
  link.click()
  URL.revokeObjectURL(url)
}
