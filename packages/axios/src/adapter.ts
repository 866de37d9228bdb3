import * as core from "@countersign/auth-core/adapter"
import type { AxiosAdapter, AxiosResponse } from "axios"
import { axiosOf } from "./axios-releases.ts"
import { errorForCache, refuseSharedCacheKey } from "./cache-key.ts"
import { type Kind, kindOf } from "./kinds.ts"
import { bodyError, type Outcome, outcomeOf, timeoutError } from "./outcome.ts"
import { byLowerCase, type Config, callersTransforms, type HeadersByName, toConfig, toRequest, urlOf } from "./wire.ts"

/** An adapter that authenticates every attempt, and sends it through another. */
export function authenticatingAdapter(own: Config["adapter"], gate: core.Gate): AxiosAdapter {
  return core.putAbove(own, (config: Config) => core.asPromise(() => sent(own, gate, config)))
}

function sent(own: Config["adapter"], [authFor, guard]: core.Gate, config: Config): Promise<AxiosResponse> {
  const axios = axiosOf(config)
  const { AxiosHeaders } = axios
  // Copied if they belong to a copy of axios that cannot be found.
  if (!(config.headers instanceof AxiosHeaders)) config.headers = AxiosHeaders.from(Object.assign({}, config.headers))
  const original = own ?? axios.defaults.adapter
  // This config may be sent again, through this instance or another.
  config.adapter = original as NonNullable<typeof original>
  config.transformRequest = callersTransforms(config)
  const adapter = axios.getAdapter(original, config)
  const auth = authFor(config)
  if (auth === undefined) return adapter(config)
  let url: URL | undefined
  try {
    url = urlOf(config)
  } catch (error) {
    // axios reports it in its own way. The params are not serialized again.
    const { paramsSerializer } = config
    const serialize = (): never => {
      throw error
    }
    config.paramsSerializer = { serialize }
    return core.asPromise(() => adapter(config)).finally(() => Object.assign(config, { paramsSerializer }))
  }
  // axios sends these alone: other protocols, and hosts that may see no credentials unless the caller's headers hold
  // secrets.
  if (url === undefined || !core.isHttp(url)) return adapter(config)
  const request = toRequest(config, url)
  const { method, baseUrl } = request
  const ownHeaders = (): HeadersByName => byLowerCase(config.headers)
  const isBare = core.passesBare(auth, { method, url, baseUrl, ownHeaders }, guard)
  const authenticated = (): Promise<AxiosResponse> =>
    sentByEngine(config, request, kindOf(adapter, config), auth, guard)
  if (isBare === false) return authenticated()
  return Promise.resolve(isBare).then((passes) => (passes ? adapter(config) : authenticated()))
}

function sentByEngine(
  config: Config,
  request: core.AuthenticatedRequest,
  kind: Kind,
  auth: core.Auth,
  guard: core.HostGuard,
): Promise<AxiosResponse> {
  const { timeout = 0, signal, cancelToken } = config
  // Limits the work before and between attempts. axios ends the attempts.
  const limit = core.limitCall({
    timeoutMs: timeout > 0 ? timeout : undefined,
    timedOut: () => timeoutError(config),
    signal: signal as AbortSignal | undefined,
    aborted: () => new (axiosOf(config).CanceledError)(undefined, config),
    cancelToken,
  })
  const send = (wire: core.WireRequest): Promise<Outcome> => {
    const attempt = toConfig(config, wire, limit?.timeLeftMs() ?? timeout)
    kind.prepare(attempt, config, wire, guard)
    return outcomeOf(kind, attempt, config, wire)
  }
  const failed = (error: unknown): never => {
    limit?.end()
    throw bodyError(config, error) ?? errorForCache(error, config)
  }
  const answered = ({ response, error }: Outcome): AxiosResponse => {
    if (error !== undefined) failed(error)
    limit?.end()
    return response
  }
  return core
    .asPromise(() => {
      if ("id" in config) refuseSharedCacheKey(config, auth)
      const headers = kind.headers(request.headers, config)
      const attempts = { ...request, headers, signal: limit?.signal }
      return core.authenticatedSend(auth, attempts, send, { guard, ...kind.redirects(config) })
    })
    .then(answered, failed)
}
