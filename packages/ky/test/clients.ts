import ky from "ky"
import oldest from "ky-1.7"

type Ky = typeof ky

/** The newest and the oldest ky that are supported. Their types differ in what no test here touches. */
export const clients: readonly (readonly [name: string, client: Ky])[] = [
  ["ky 2.1", ky],
  ["ky 1.7", oldest as unknown as Ky],
]

/** What the release calls its base URL. */
export function prefix(name: string, url: string): { prefix: string } {
  return (name === "ky 1.7" ? { prefixUrl: url } : { prefix: url }) as { prefix: string }
}
