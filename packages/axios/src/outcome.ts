import { isArrayBuffer, isBlob, type ResponseLike, staysAtOrigin, type WireRequest } from "@countersign/auth-core"
import type { AxiosAdapter, AxiosHeaders, AxiosResponse, InternalAxiosRequestConfig } from "axios"
import type { AdapterKind } from "./adapter-kind.ts"
import { axiosOf } from "./axios-of.ts"
import { concealRequest } from "./concealing-transport.ts"
import { showAddedHeaders } from "./request-config.ts"

/** What came of one attempt: a response, which axios may have turned into an error by its status. */
export interface Outcome extends ResponseLike {
  readonly response: AxiosResponse
  /** Gives the response, or throws the error. */
  settle(): AxiosResponse
}

/** Error bodies up to so many characters or bytes are looked into. */
const LONGEST_PEEK = 65_536

/** Sends one attempt. What comes of it names the caller's config in place of the one sent, and shows no secret of it. */
export async function outcomeOf(
  adapter: AxiosAdapter,
  sent: InternalAxiosRequestConfig,
  config: InternalAxiosRequestConfig,
  wire: WireRequest,
  kind: AdapterKind,
): Promise<Outcome> {
  try {
    return outcome(tidied(await adapter(sent), config), kind)
  } catch (error) {
    if (!(error instanceof Error)) throw error
    tidyError(error, sent, config)
    // Mocks say in words what they were asked for.
    if (kind === "other") redactHeaders(error, config, wire)
    if (!("response" in error) || !isResponse(error.response)) throw error
    return outcome(tidied(error.response, config), kind, error)
  } finally {
    if (kind !== "other") {
      showAddedHeaders(config, sent, wire)
      // An error of a streamed body may come later, and holds it. The caller's own adapter may keep it for a record.
      sent.headers = config.headers
    }
  }
}

function outcome(response: AxiosResponse, kind: AdapterKind, error?: Error): Outcome {
  const { status, headers, config } = response
  return {
    response,
    status,
    type: kind === "fetch" && status === 0 ? "opaqueredirect" : undefined,
    headers:
      // Some adapters of callers, such as mocks, give none.
      typeof headers?.get === "function"
        ? (headers as AxiosHeaders)
        : axiosOf(config).AxiosHeaders.from(headers as AxiosHeaders),
    peek: () => textOf(response.data),
    discard: () => abandon(response.data),
    settle() {
      if (error !== undefined) throw error
      return response
    },
  }
}

function tidied(response: AxiosResponse, config: InternalAxiosRequestConfig): AxiosResponse {
  response.config = config
  concealRequest(response.request)
  return response
}

function tidyError(error: Error, sent: InternalAxiosRequestConfig, config: InternalAxiosRequestConfig): void {
  // What was sent had a part of the caller's timeout only.
  if (/^timeout .*ms exceeded$/.test(error.message)) {
    error.message = error.message.replace(String(sent.timeout), String(config.timeout))
  }
  for (let one: unknown = error; one instanceof Error; one = one.cause) {
    if ("config" in one && one.config === sent) one.config = config
    if ("request" in one) concealRequest(one.request)
  }
}

function redactHeaders(error: Error, { headers }: InternalAxiosRequestConfig, wire: WireRequest): void {
  for (const [name, value] of Object.entries(wire.headers)) {
    if (!staysAtOrigin(name) || headers.get(name) === value) continue
    if (error.message.includes(value)) error.message = error.message.replaceAll(value, "[redacted]")
    if (error.stack?.includes(value)) error.stack = error.stack.replaceAll(value, "[redacted]")
  }
}

function isResponse(value: unknown): value is AxiosResponse {
  return typeof value === "object" && value !== null && "status" in value
}

/** Only what is at hand: a stream is left to the caller. */
function textOf(data: unknown): string | undefined | Promise<string> {
  if (typeof data === "string") return data.length > LONGEST_PEEK ? undefined : data
  if (isBlob(data)) return data.size > LONGEST_PEEK ? undefined : data.text()
  if (!isArrayBuffer(data) && !ArrayBuffer.isView(data)) return undefined
  return data.byteLength > LONGEST_PEEK ? undefined : new TextDecoder().decode(data)
}

async function abandon(data: unknown): Promise<void> {
  if (data instanceof ReadableStream && !data.locked) await data.cancel()
  else if (typeof data === "object" && data !== null && "destroy" in data && typeof data.destroy === "function") {
    data.destroy()
  }
}
