/** The keys of `encryptedStore` in a process, by number. Nothing: values are stored in clear. */
export type Keyring = readonly number[] | undefined

/** The name of a process, from its place in the fleet, how many have started, and its keys. */
export function processName(place: number, started: number, keyring: Keyring): string {
  return `p${place}.${started}${keyring === undefined ? "" : `/${keyring.join(",")}`}`
}

/**
 * Names the processes that ask once for all of them, by the name of one. Each first key of a keyring has leases of its
 * own, since it names the entries of the store.
 */
export function groupOf(process: string): string {
  return /\/(\d+)/.exec(process)?.[1] ?? "in clear"
}
