/** The members of package-lock.json that the tools read. */
export interface Lockfile {
  packages: Record<string, LockedPackage>
}

export interface LockedPackage {
  version?: string
  resolved?: string
  link?: boolean
  dev?: boolean
  optional?: boolean
  hasInstallScript?: boolean
  license?: string
  os?: string[]
  cpu?: string[]
  libc?: string[]
  dependencies?: Record<string, string>
  devDependencies?: Record<string, string>
  peerDependencies?: Record<string, string>
  optionalDependencies?: Record<string, string>
}

/** The optional dependencies that packages name and the lock file has no entry for, with the package that names them. */
export function missingOptionalDependencies({
  packages,
}: Lockfile): { name: string; version: string; of: LockedPackage }[] {
  return Object.entries(packages).flatMap(([place, of]) =>
    Object.entries(of.optionalDependencies ?? {})
      .filter(([name]) => !placesSeenFrom(place, name).some((seen) => seen in packages))
      .map(([name, version]) => ({ name, version, of })),
  )
}

/** Where Node looks for `name` from `place`, nearest first: `a/node_modules/b` sees its own modules, then a's, then the root's. */
function placesSeenFrom(place: string, name: string): string[] {
  const folders = place === "" ? [] : place.split("/")
  return [...folders.keys(), folders.length]
    .map((depth) => [...folders.slice(0, depth), "node_modules", name].join("/"))
    .reverse()
}
