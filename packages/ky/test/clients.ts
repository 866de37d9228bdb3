import ky from "ky"
import oldest from "ky-1.7"
import last1 from "ky-1.14"

type Ky = typeof ky

/** The newest and the oldest supported ky, and the last ky 1. Their types differ only in parts that no test here uses. */
export const clients: readonly (readonly [name: string, client: Ky])[] = [
  ["ky 2.1", ky],
  ["ky 1.14", last1 as unknown as Ky],
  ["ky 1.7", oldest as unknown as Ky],
]

/** The name of the base URL option in the release. */
export function prefix(name: string, url: string): { prefix: string } {
  return (name.startsWith("ky 1") ? { prefixUrl: url } : { prefix: url }) as { prefix: string }
}

/** ky 1.12 to 1.14 give hooks a frozen copy of the options. */
export function keepsHooksOut(name: string): boolean {
  return name === "ky 1.14"
}
