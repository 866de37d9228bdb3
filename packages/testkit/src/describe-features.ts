import { describe, it } from "vitest"
import { compareFeature } from "./compare-feature.ts"
import { type FeatureList, releasesWith } from "./feature.ts"

/**
 * Uses each feature of a list without auth, with one that leaves bodies unread, and with one that reads them. Expects the
 * same results and the same requests on the wire, except for one fresh authentication on each.
 */
export function describeFeatures<Client>(list: FeatureList<Client>): void {
  for (const release of list.releases) {
    describe(`${release.name}: works the same with auth`, () => {
      for (const [theme, features] of Object.entries(list.themes)) {
        describe(theme, () => {
          const present = features.filter((feature) => releasesWith(list, feature).includes(release))
          for (const feature of present) {
            const concurrent = list.concurrent === true && feature.alone !== true
            it(feature.name, { concurrent, timeout: 60_000 }, () => compareFeature(feature, release, concurrent))
          }
        })
      }
    })
  }
}
