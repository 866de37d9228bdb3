import type { Feature } from "@countersign/testkit"
import { type AxiosError, type AxiosInstance, isAxiosError, isCancel } from "axios"

const newestHttp = "axios 1.21, http"
const newestFetch = "axios 1.21, fetch"
const oldestHttp = "axios 1.7, http"
const oldestFetch = "axios 1.7, fetch"

/** The releases of axios with a feature, by adapter. */
export const on = {
  newest: [newestHttp, newestFetch],
  newestHttp: [newestHttp],
  newestFetch: [newestFetch],
  oldest: [oldestHttp, oldestFetch],
  oldestHttp: [oldestHttp],
  oldestFetch: [oldestFetch],
  http: [newestHttp, oldestHttp],
  fetch: [newestFetch, oldestFetch],
  allButOldestFetch: [newestHttp, newestFetch, oldestHttp],
} as const

export type AxiosFeature = Feature<AxiosInstance>

type More = Omit<AxiosFeature, "name" | "documentation" | "run">

/** Makes features that one section of axios' README documents. */
export function section(heading: string): (name: string, run: AxiosFeature["run"], more?: More) => AxiosFeature {
  const documentation = `https://github.com/axios/axios#${heading}`
  return (name, run, more = {}) => ({ name, documentation, run, ...more })
}

/** The error of a request. */
export async function errorOf(sent: Promise<unknown>): Promise<AxiosError> {
  const error = await sent.then(
    () => undefined,
    (thrown: unknown) => thrown,
  )
  if (error instanceof Error) return error as AxiosError
  throw new Error("The request did not fail with an error.")
}

/** The parts of an error that users of axios read. */
export async function failure(sent: Promise<unknown>): Promise<Record<string, unknown>> {
  const error = await errorOf(sent)
  const { name, code, message, response, config } = error
  const kinds = [isAxiosError(error), isCancel(error)]
  return { name, code, message, kinds, status: response?.status, data: response?.data, url: config?.url }
}

export async function textOf(stream: AsyncIterable<Uint8Array>): Promise<string> {
  const chunks: Uint8Array[] = []
  for await (const chunk of stream) chunks.push(chunk)
  return Buffer.concat(chunks).toString()
}
