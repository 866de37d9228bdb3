import * as newest from "undici"
import * as oldest from "undici-7"

export type Undici = typeof newest

/** The newest and the oldest undici that are supported. Their types differ in what no test here touches. */
export const releases: readonly (readonly [name: string, undici: Undici])[] = [
  ["undici 8", newest],
  ["undici 7.10", oldest as unknown as Undici],
]
