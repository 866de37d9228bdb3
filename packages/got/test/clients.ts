import got, { type Got } from "got"
import oldest from "got-14"

/** The newest and the oldest supported got. Their types differ only in parts that no test here uses. */
export const clients: readonly (readonly [name: string, client: Got])[] = [
  ["got 16.1", got],
  ["got 14.0", oldest as unknown as Got],
]
