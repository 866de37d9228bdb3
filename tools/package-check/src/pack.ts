import { join } from "node:path"
import { npm } from "@countersign/tools-shared/npm"
import type { PublishedPackage } from "@countersign/tools-shared/published-packages"

/** A package as it is published. */
export interface PackedPackage extends PublishedPackage {
  tarball: string
  /** Bytes of the tarball. */
  size: number
  /** Paths inside the package. */
  files: string[]
}

interface PackReport {
  filename: string
  size: number
  files: { path: string }[]
}

export async function pack(published: PublishedPackage, into: string): Promise<PackedPackage> {
  const output = await npm(["pack", "--json", "--pack-destination", into], published.folder)
  const [report]: PackReport[] = JSON.parse(output)
  if (!report) throw new Error(`npm pack of ${published.id} reports no package`)
  const { filename, size, files } = report
  return { ...published, tarball: join(into, filename), size, files: files.map(({ path }) => path) }
}
