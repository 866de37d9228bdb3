import { measure } from "./measure.ts"
import { published } from "./publish.ts"
import { regressions } from "./regressions.ts"
import type { Run } from "./report.ts"
import type { RuntimeName } from "./runtimes.ts"

/** Fails the process when something is twice as bad as published, and is so when it is measured again too. */
export async function check(name: RuntimeName, run: Run, quick: boolean): Promise<void> {
  const before = (await published()).runtimes[name]
  if (before === undefined) throw new Error(`Nothing is published of ${name}: npm run bench -- --runtime ${name}`)
  const once = regressions(before, run.parts)
  if (once.length > 0) {
    console.log("\nWorse than published, so measured again: a machine that was busy for a moment is no defect.")
    const only = once.map(({ part }) => part)
    const again = regressions(before, (await measure(name, { quick, only })).parts)
    const twice = again.filter(({ id }) => once.some((first) => first.id === id))
    for (const { message } of twice) console.error(message)
    if (twice.length > 0) {
      console.error("Mend it, or, where it is meant, publish anew: npm run bench")
      process.exitCode = 1
      return
    }
  }
  console.log("\nNo figure is twice as bad as published.")
}
