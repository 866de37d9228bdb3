import {
  isArrayBuffer,
  isBlob,
  maskSecrets,
  type ResponseLike,
  staysAtOrigin,
  type WireRequest,
} from "@countersign/auth-core"
import type { AxiosAdapter, AxiosHeaders, AxiosResponse, InternalAxiosRequestConfig } from "axios"
import type { AdapterKind } from "./adapter-kind.ts"
import { axiosOf } from "./axios-of.ts"
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
    const response = tidied(await adapter(sent), config, wire)
    tidyLater(response.data, sent, config, wire)
    return outcome(response, kind)
  } catch (error) {
    if (!(error instanceof Error)) throw error
    tidyError(error, sent, config, wire)
    // Mocks say in words what they were asked for.
    if (kind === "other") redactHeaders(error, config, wire)
    if (!("response" in error) || !isResponse(error.response)) throw error
    tidyLater(error.response.data, sent, config, wire)
    return outcome(error.response, kind, error)
  } finally {
    if (kind !== "other") {
      showAddedHeaders(config, sent, wire)
      // The caller's own adapter may keep it for a record.
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

function tidied(response: AxiosResponse, config: InternalAxiosRequestConfig, wire: WireRequest): AxiosResponse {
  response.config = config
  maskRequest(response.request, wire)
  return response
}

/** An adapter may have handed on a copy of what was sent. */
function tidyError(
  error: Error,
  sent: InternalAxiosRequestConfig,
  config: InternalAxiosRequestConfig,
  wire: WireRequest,
): void {
  // What was sent had a part of the caller's timeout only.
  if (/^timeout .*ms exceeded$/.test(error.message)) {
    error.message = error.message.replace(String(sent.timeout), String(config.timeout))
  }
  for (let one: unknown = error; one instanceof Error; one = one.cause) {
    if ("config" in one && one.config) one.config = config
    if ("request" in one) maskRequest(one.request, wire)
    if ("response" in one && isResponse(one.response)) tidied(one.response, config, wire)
  }
}

function redactHeaders(error: Error, { headers }: InternalAxiosRequestConfig, wire: WireRequest): void {
  for (const [name, value] of Object.entries(wire.headers)) {
    if (!staysAtOrigin(name) || headers.get(name) === value) continue
    if (error.message.includes(value)) error.message = error.message.replaceAll(value, "[redacted]")
    if (error.stack?.includes(value)) error.stack = error.stack.replaceAll(value, "[redacted]")
  }
}

/** The same for an error of a streamed body. */
function tidyLater(
  data: unknown,
  sent: InternalAxiosRequestConfig,
  config: InternalAxiosRequestConfig,
  wire: WireRequest,
): void {
  if (!isNodeStream(data)) return
  const { errorMonitor } = process.getBuiltinModule("node:events")
  data.once(errorMonitor, (error: Error) => tidyError(error, sent, config, wire))
}

/** Masks the secrets of a request that did not go through our transport; one that did holds none. */
function maskRequest(request: unknown, { added }: WireRequest): void {
  if (typeof request !== "object" || request === null) return
  if ("sentHeaders" in request) maskSecrets(request.sentHeaders as Record<string, unknown>, added)
  if (!("headers" in request) || !(request.headers instanceof Headers)) return
  // By name, since Deno keeps what was iterated.
  for (const name of Object.keys(added)) {
    const shown = { [name]: request.headers.get(name) }
    for (const secret of Object.keys(maskSecrets(shown, added))) request.headers.set(secret, String(shown[secret]))
  }
}

function isNodeStream(data: unknown): data is NodeJS.ReadableStream {
  return typeof data === "object" && data !== null && "pipe" in data && "once" in data
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
