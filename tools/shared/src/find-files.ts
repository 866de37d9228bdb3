import { globSync } from "node:fs"

/** The paths below a folder that match a pattern, sorted, with slashes on Windows too. */
export function findFiles(
  folder: string,
  patterns: string | readonly string[],
  exclude: readonly string[] = [],
): string[] {
  return globSync(patterns, { cwd: folder, exclude })
    .map((path) => path.replaceAll("\\", "/"))
    .sort()
}
