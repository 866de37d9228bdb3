import { conceal, type HostGuard, isPromise, refuseClearProxy } from "@countersign/auth-core"
import type { Options } from "got"

/** Stands in for an authenticated request before got's cache, which treats requests with Authorization as private. */
const PRIVATE = "private"

type HeadersByName = Readonly<Record<string, unknown>>
type AnyFunction = (...args: unknown[]) => unknown

/**
 * Makes the native request of these options go out with more headers, without the options ever holding them: got keeps
 * options on responses and errors, copies them for retries, redirects and pages, and publishes them.
 *
 * Options belong to one attempt, so what is overridden here ends with it.
 */
export function sendWithHeaders(
  options: Pick<Options, "cache">,
  headers: Readonly<Record<string, string>>,
  url: URL,
  guard: HostGuard,
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
      return isFunction(request) ? (...args: unknown[]) => sent(request(...args.map(withHeaders)), url, guard) : request
    }
  // The first asks the second, except in got 14 where a `request` option gave nothing.
  override(options, "getRequestFunction", sending)
  override(options, "getFallbackRequestFunction", sending)

  function withHeaders(argument: unknown): unknown {
    if (!isNativeOptions(argument)) return argument
    const visible: Record<string, unknown> = {}
    for (const [name, value] of Object.entries(argument.headers)) {
      if (!Object.hasOwn(headers, name) && !(name === "authorization" && value === PRIVATE)) visible[name] = value
    }
    return { ...argument, headers: conceal({ ...visible, ...headers }, visible) }
  }
}

function override(options: object, name: string, replacement: (method: AnyFunction) => AnyFunction): void {
  const method: unknown = Reflect.get(options, name)
  if (!isFunction(method)) return
  Object.defineProperty(options, name, { value: replacement(method.bind(options)), configurable: true })
}

/** The native request writes all its headers down, on itself and on what it is queued in. An answer does not. */
function sent(result: unknown, url: URL, guard: HostGuard): unknown {
  if (isPromise(result)) return result.then((request) => sent(request, url, guard))
  if (typeof result !== "object" || result === null || "statusCode" in result) return result
  refuseClearProxy(result, url, guard)
  return conceal(result, "[request]")
}

function isNativeOptions(value: unknown): value is { headers: HeadersByName } {
  return typeof value === "object" && value !== null && "headers" in value && typeof value.headers === "object"
}

function isFunction(value: unknown): value is AnyFunction {
  return typeof value === "function"
}
