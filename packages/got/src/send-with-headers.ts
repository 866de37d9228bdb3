import { andThen, type HostGuard, maskSecrets, refuseClearProxy, sendSecrets } from "@countersign/auth-core"
import type { Options } from "got"

/** Stands in for an authenticated request before got's cache, which treats requests with Authorization as private. */
const PRIVATE = "private"

type HeadersByName = Readonly<Record<string, unknown>>
type AnyFunction = (...args: unknown[]) => unknown

/**
 * Makes the native request of these options go out with more headers, without the options ever holding them: got keeps
 * options on responses and errors, copies them for retries, redirects and pages, and publishes them. Nor does the native
 * request hold a secret among them.
 *
 * Options belong to one attempt, so what is overridden here ends with it.
 *
 * @param onSent is given the native request
 */
export function sendWithHeaders(
  options: Pick<Options, "cache" | "request">,
  headers: Readonly<Record<string, string>>,
  url: URL,
  guard: HostGuard,
  onSent: ((native: object) => void) | undefined,
): void {
  if (options.cache) {
    override(options, "createNativeRequestOptions", (create) => () => {
      const native = create()
      return isNativeOptions(native) ? { ...native, headers: { authorization: PRIVATE, ...native.headers } } : native
    })
  }
  const sending =
    (getRequest: AnyFunction): AnyFunction =>
    () => {
      const request = getRequest()
      return isFunction(request) ? (...args: unknown[]) => send(request, args) : request
    }
  // The first asks the second, except in got 14 where a `request` option gave nothing.
  override(options, "getRequestFunction", sending)
  override(options, "getFallbackRequestFunction", sending)

  function send(request: AnyFunction, args: unknown[]): unknown {
    const all: Record<string, unknown> = {}
    const native = args.map((argument) => {
      if (!isNativeOptions(argument)) return argument
      for (const [name, value] of Object.entries(argument.headers)) {
        if (name !== "authorization" || value !== PRIVATE) all[name] = value
      }
      return { ...argument, headers: Object.assign(all, headers) }
    })
    const secrets = maskSecrets(all, headers)
    // The caller's own is given what is sent.
    const isOwn = options.request !== undefined
    if (isOwn) Object.assign(all, secrets)
    return andThen(request(...native), (sent) => {
      if (typeof sent !== "object" || sent === null || "statusCode" in sent) return sent
      refuseClearProxy(sent, url, guard)
      maskSecrets(all, headers)
      sendSecrets(sent, secrets)
      onSent?.(sent)
      return sent
    })
  }
}

function override(options: object, name: string, replacement: (method: AnyFunction) => AnyFunction): void {
  const method: unknown = Reflect.get(options, name)
  if (!isFunction(method)) return
  Object.defineProperty(options, name, { value: replacement(method.bind(options)), configurable: true })
}

function isNativeOptions(value: unknown): value is { headers: HeadersByName } {
  return typeof value === "object" && value !== null && "headers" in value && typeof value.headers === "object"
}

function isFunction(value: unknown): value is AnyFunction {
  return typeof value === "function"
}
