import { runMatrix } from "./run-matrix.ts"
import { runtimes } from "./runtimes.ts"

const only = process.argv.slice(2)
for (const runtime of runtimes.filter(({ name }) => only.length === 0 || only.includes(name))) {
  const begun = performance.now()
  const { version, cells, vectors } = await runMatrix(runtime)
  const counts = { ok: 0, declined: 0, failed: 0 }
  for (const { judgement } of cells) counts[judgement.outcome] += 1
  console.log(runtime.name, version, counts, vectors.right, `${Math.round(performance.now() - begun)} ms`)
  const sums = new Map<string, Set<string>>()
  for (const { client, judgement, scenario, body } of cells) {
    if (judgement.outcome === "ok") continue
    const key = `${client} | ${judgement.outcome} | ${judgement.why?.slice(0, 120)} | ${scenario}`
    sums.set(key, (sums.get(key) ?? new Set()).add(body))
  }
  for (const [key, bodies] of sums)
    if (!/declined \| (a stream|a browser|this runtime)/.test(key)) console.log("  ", key, [...bodies].join(", "))
}
