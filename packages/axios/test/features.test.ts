import { describeFeatures } from "@countersign/testkit"
import { version } from "./axios-version.ts"
import { features } from "./features/index.ts"

// This run has one of the listed releases.
const releases = features.releases.filter((release) => release.version === version)
const names = releases.map(({ name }) => name)
const themes = Object.fromEntries(
  Object.entries(features.themes).map(([theme, all]) => [
    theme,
    all.map((feature) => ({
      ...feature,
      releases: (feature.releases ?? names).filter((name) => names.includes(name)),
    })),
  ]),
)

describeFeatures({ ...features, releases, themes })
