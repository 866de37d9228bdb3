// An adapter for superagent on Node, to copy from; CONTRIBUTING.md says how to begin. An adapter translates. The engine decides
// what is signed, which host sees a credential, when a request is replayed, and where a redirect leads.
import * as core from "@countersign/auth-core/adapter"
import superagent, { type Agent, type Plugin, type Request, type Response } from "superagent"

/** Adds what superagent's types leave out. Keep such a list short: any release of the client may change it. */
interface OpenRequest extends Request {
  callback(error: unknown, response?: Response): void
  request(): core.NativeRequest
  piped?: boolean
  qs: object
  _finalizeQueryString(): void
  _formData: { getHeaders(): Record<string, string> } | null
  _maxRedirects: number
  _serializer?: (data: unknown) => unknown
}

/** Authenticates all requests of an agent. As with each of superagent's settings, the agent itself is changed. */
export function withAuth<A extends Agent>(api: A, auth: core.Auth | false, options?: core.GuardOptions): A {
  return api.use(authPlugin(auth, options))
}

/** Authenticates one request, as a superagent plugin: `request.use(authPlugin(auth))`. */
export function authPlugin(auth: core.Auth | false, options: core.GuardOptions = {}): Plugin {
  // Options are checked and compiled once, not for each request.
  const [authForRequest, guard] = core.createGate("countersign", auth, options)
  return (plugged) => {
    const request = plugged as OpenRequest
    const stop = new AbortController()
    request.once("abort", () => stop.abort())
    request.end = (done) => {
      const chosen = authForRequest(request)
      if (chosen === undefined) return superagent.Request.prototype.end.call(request, done)
      if (request.piped || request.req) throw new core.AuthError("AUTH_BODY_UNSIGNABLE", NO_STREAMS)
      const redirects: string[] = []
      // The engine calls this for the first attempt, for each redirect, and for the replay of a refused attempt.
      const send = async (wire: core.WireRequest) => {
        const attempt = toClient(request, wire)
        stop.signal.addEventListener("abort", () => void attempt.abort())
        if (wire.authenticated) core.refuseClearProxy(attempt.request(), wire.url, guard)
        core.sendSecrets(attempt.request(), wire.added)
        if (wire.redirects > redirects.length) redirects.push(wire.url.href)
        const res: Response = Object.assign(await attempt, { redirects })
        request.emit("response", res)
        return { status: res.status, headers: { get: (name: string) => res.get(name) }, peek: () => res.text, res }
      }
      const give = ({ res }: { res: Response }): void => request.callback(null, res)
      const fail = (thrown: Error | { res: Response }): void =>
        void ("res" in thrown ? give(thrown) : stop.signal.aborted || request.callback(thrown))
      const limits = { guard, maxRedirects: request._maxRedirects, tooManyRedirects: giveLast }
      const run = async () => core.authenticatedSend(chosen, await toEngine(request, stop.signal), send, limits)
      // `callback` is superagent's own: it judges the answer, and calls `_retry` where the user asked for retries.
      const _retry = (): void => void run().then(give, fail)
      Object.assign(request, { _callback: done, _retry })._retry()
    }
  }
}

const NO_STREAMS = "A body of pipe() or write() cannot be signed: use send() or attach() with end() or await."

/** Users get the redirect above the limit, as without auth. */
function giveLast(answer: { res: Response }): never {
  throw answer
}

/** Names the auth of one request, `false` for none: `api.get(url).use(countersign(customer))`. */
export function countersign(auth: core.Auth | false): Plugin {
  return (request) => void Object.assign(request, { countersign: auth })
}

/**
 * Translates the client's request into the engine's words. The URL is final, the names of headers are in lower case, and the
 * body is exactly what goes on the wire, since the signature covers it.
 */
async function toEngine(request: OpenRequest, signal: AbortSignal): Promise<core.AuthenticatedRequest> {
  const { _formData: form, qs, cookies } = request
  // A form is a stream. Its bytes can be signed, and sent a second time.
  const read = form && (await core.readBody(form, Number.POSITIVE_INFINITY, signal))
  if (form) Object.assign(request.set(form.getHeaders()), { _data: read?.content, _formData: null })
  const query = superagent.serialize["application/x-www-form-urlencoded"]?.(qs)
  if (query) request.query(query)
  Object.assign(request, { qs: {} })._finalizeQueryString()
  const { method, url, data, headers: given } = request.toJSON()
  const headers = Object.fromEntries(Object.entries(given).map(([name, value]) => [name, [value].flat().join("; ")]))
  if (cookies) headers.cookie = [headers.cookie, cookies].filter(Boolean).join("; ")
  const [type = ""] = (headers["content-type"] ?? "").split(";")
  const { _serializer = superagent.serialize[/[/+]json$/i.test(type) ? "application/json" : type] } = request
  const body = typeof data === "string" ? data : (_serializer?.(data) ?? data)
  return { method, url: url.startsWith("http") ? url : `http://${url}`, headers, body, signal }
}

/**
 * Makes a request of the client that sends exactly what the engine says, once. It follows no redirect, takes every status
 * for an answer, and holds nothing that the auth added, since users print requests.
 */
function toClient(given: OpenRequest, { method, url, headers, added, body }: core.WireRequest): OpenRequest {
  const attempt = superagent(method, url.href) as OpenRequest
  for (const [name, value] of Object.entries(given)) if (SETTING.test(name)) Reflect.set(attempt, name, value)
  Object.assign(attempt, { _data: body ?? undefined, _serializer: (data: unknown) => data })
  for (const [name, value] of Object.entries(headers)) if (!(name in added)) attempt.set(name, value)
  return attempt.redirects(0).ok(() => true)
}

/** The settings of a request that each of its attempts needs too. */
const SETTING =
  /^_(agent|buffer|ca|cert|connectOverride|disableTLSCerts|enableHttp2|key|lookup|maxResponseSize|parser|passphrase|pfx|\w*[tT]imeout|responseType|trustLocalhost|unset)$/
