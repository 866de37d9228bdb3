import { join } from "node:path"
import { pathToFileURL } from "node:url"
import type { FeatureList } from "@countersign/testkit"
import { findFiles } from "@countersign/tools-shared/find-files"
import { describe, expect, it } from "vitest"
import { clientFeatures } from "../src/client-features.ts"

const workspace = join(import.meta.dirname, "../../..")
const paths = findFiles(workspace, "packages/*/test/features/{index.ts,*/index.ts}")
const lists = await Promise.all(
  paths.map(
    async (path): Promise<FeatureList<never>> => (await import(pathToFileURL(join(workspace, path)).href)).features,
  ),
)

describe("docs/client-features.md", () => {
  it("lists today's features (else: npm run client-features)", async () => {
    expect(paths.length).toBeGreaterThan(0)
    await expect(clientFeatures(lists)).toMatchFileSnapshot(join(workspace, "docs/client-features.md"))
  })

  it.each(lists.map((list): [string, FeatureList<never>] => [list.client, list]))(
    "names each feature of %s once, and where it is documented",
    (_, { themes }) => {
      const features = Object.values(themes).flat()
      const names = Object.entries(themes).flatMap(([theme, own]) => own.map(({ name }) => `${theme}: ${name}`))
      expect(names).toEqual([...new Set(names)])
      expect(features.filter(({ documentation }) => !/^https:\/\/[^\s)]+$/.test(documentation))).toEqual([])
    },
  )
})
