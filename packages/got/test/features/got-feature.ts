import type { Feature } from "@countersign/testkit"
import type * as gotModule from "got"
import type { Got, RequestError } from "got"

/** An instance of got, and its release with the classes. */
export interface GotClient {
  api: Got
  own: typeof gotModule
}

export type GotFeature = Feature<GotClient>

/** The releases with a feature. */
export const on = { newest: ["got 16.1"], oldest: ["got 14.0"] } as const

type More = Omit<GotFeature, "name" | "documentation" | "run">

/** Makes features that one page of got's documentation describes. */
export function page(file: string): (anchor: string, name: string, run: GotFeature["run"], more?: More) => GotFeature {
  return (anchor, name, run, more = {}) => ({
    name,
    documentation: `https://github.com/sindresorhus/got/blob/main/documentation/${file}.md${anchor && `#${anchor}`}`,
    run,
    ...more,
  })
}

/** The error of a request. */
export async function errorOf(sent: PromiseLike<unknown>): Promise<RequestError> {
  const error = await sent.then(
    () => undefined,
    (thrown: unknown) => thrown,
  )
  if (error instanceof Error) return error as RequestError
  throw new Error("The request did not fail with an error.")
}

/** The parts of an error that users of got read. */
export async function failure(sent: PromiseLike<unknown>): Promise<Record<string, unknown>> {
  const { name, code, message, response } = await errorOf(sent)
  return { name, code, message, status: response?.statusCode, body: response?.body }
}

/** The given number of quick retries. */
export const retrying = (limit: number) => ({ limit, backoffLimit: 1, noise: 0 })

export const readFirst = {
  because: "A signature has a stream read first, so that it goes out with its length.",
  onTheWire: true,
}
