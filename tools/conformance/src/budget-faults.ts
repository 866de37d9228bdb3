import type { Size } from "./sizes.ts"

/** Bundles that exceed their budget or name modules of Node; empty if there are none. */
export function budgetFaults(sizes: readonly Size[]): string[] {
  return sizes.flatMap(({ what, gzipped, budget, nodeModules }) => [
    ...(budget !== undefined && gzipped > budget
      ? [`"${what}" takes ${gzipped} bytes at the start, ${gzipped - budget} more than its budget of ${budget}`]
      : []),
    ...(nodeModules.length > 0 ? [`"${what}" names ${nodeModules.join(", ")}, which no browser has`] : []),
  ])
}
