import { conceal, isPromise } from "@countersign/auth-core"
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
export function sendWithHeaders(options: Pick<Options, "cache">, headers: Readonly<Record<string, string>>): void {
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
      return isFunction(request) ? (...args: unknown[]) => sent(request(...args.map(withHeaders))) : request
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
function sent(result: unknown): unknown {
  if (isPromise(result)) return result.then(sent)
  const isRequest = typeof result === "object" && result !== null && !("statusCode" in result)
  return isRequest ? conceal(result, "[request]") : result
}

function isNativeOptions(value: unknown): value is { headers: HeadersByName } {
  return typeof value === "object" && value !== null && "headers" in value && typeof value.headers === "object"
}

function isFunction(value: unknown): value is AnyFunction {
  return typeof value === "function"
}
