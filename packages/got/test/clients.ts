import got, { type Got } from "got"
import oldest from "got-14"

/** The newest and the oldest got that are supported. Their types differ in what no test here touches. */
export const clients: readonly (readonly [name: string, client: Got])[] = [
  ["got 16.1", got],
  ["got 14.0", oldest as unknown as Got],
]
