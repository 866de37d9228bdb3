import type { Feature } from "@countersign/testkit"

/** A fetch for any URL. */
export type FetchFeature = Feature<typeof fetch>

/** A page of MDN on the API of fetch. */
export function mdn(page: string): string {
  return `https://developer.mozilla.org/en-US/docs/Web/API/${page}`
}

/** The error of some work. */
export function thrownBy(work: Promise<unknown>): Promise<Error & { code?: unknown }> {
  return work.then(
    () => {
      throw new Error("There was no error.")
    },
    (error: Error) => error,
  )
}

export const stuck = (): Promise<never> => new Promise(() => undefined)
