import { conceal, type ResponseLike } from "@countersign/auth-core"
import { AxiosError, AxiosHeaders, type AxiosResponse, type InternalAxiosRequestConfig } from "axios"

/** What came of one attempt: a response, which axios may have turned into an error by its status. */
export interface Outcome extends ResponseLike {
  readonly response: AxiosResponse
  /** Gives the response, or throws the error. */
  settle(): AxiosResponse
}

/** Error bodies up to so many bytes are looked into. */
const LONGEST_PEEK = 65_536

/** Runs an adapter. What it gives, or throws, names the caller's own config, and shows nothing of what was sent. */
export async function outcomeOf(
  adapter: (config: InternalAxiosRequestConfig) => Promise<AxiosResponse>,
  sent: InternalAxiosRequestConfig,
  config: InternalAxiosRequestConfig,
): Promise<Outcome> {
  try {
    return outcome(tidied(await adapter(sent), config))
  } catch (error) {
    if (!(error instanceof Error)) throw error
    if ("config" in error) error.config = config
    if ("request" in error) concealRequest(error.request)
    if (!("response" in error) || typeof error.response !== "object" || error.response === null) throw error
    return outcome(tidied(error.response as AxiosResponse, config), error)
  }
}

function outcome(response: AxiosResponse, error?: Error): Outcome {
  return {
    response,
    status: response.status,
    headers: { get: (name) => AxiosHeaders.from(response.headers as AxiosHeaders).get(name) },
    peek: () => textOf(response.data),
    discard: () => destroyed(response.data),
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

/** The native request holds every header that it sent. */
function concealRequest(request: unknown): void {
  if (typeof request !== "object" || request === null) return
  const { method, path, host, url } = request as Record<string, unknown>
  const shown = url === undefined ? { method, host, path } : { method, url }
  conceal(request, Object.fromEntries(Object.entries(shown).filter(([, value]) => typeof value === "string")))
}

/** Only what is at hand: a stream is left to the caller. */
function textOf(data: unknown): string | undefined {
  if (typeof data === "string") return data.length > LONGEST_PEEK ? undefined : data
  if (data instanceof ArrayBuffer) return textOf(new Uint8Array(data))
  return data instanceof Uint8Array && data.length <= LONGEST_PEEK ? new TextDecoder().decode(data) : undefined
}

function destroyed(data: unknown): void {
  if (typeof data !== "object" || data === null) return
  if ("destroy" in data && typeof data.destroy === "function") data.destroy()
  else if (data instanceof ReadableStream && !data.locked) void data.cancel().catch(() => undefined)
}

/** What axios throws when there are more redirects than allowed. */
export function tooManyRedirects(config: InternalAxiosRequestConfig): (outcome: Outcome) => never {
  return ({ response }) => {
    throw new AxiosError("Maximum number of redirects exceeded", "ERR_FR_TOO_MANY_REDIRECTS", config, response.request)
  }
}
