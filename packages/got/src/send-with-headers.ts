import {
  type AuthenticatedAttempt,
  andThen,
  authName,
  type HostGuard,
  isPromise,
  sendNatively,
} from "@countersign/auth-core/adapter"
import type { Options } from "got"

type HeadersByName = Readonly<Record<string, unknown>>
type AnyFunction = (...args: unknown[]) => unknown

/**
 * Makes the native request of these options go out with more headers. The options never hold them: got keeps options on
 * responses and errors, copies them for retries, redirects and pages, and publishes them. The native request does not hold
 * a secret among them either.
 *
 * Options belong to one attempt, so the overrides end with it.
 *
 * @param onSent receives the native request
 * @param onUnsent receives the error if there is none, such as that of a malformed header
 */
export function sendWithHeaders(
  options: Pick<Options, "cache" | "request">,
  { url, by, added: headers, authenticated }: AuthenticatedAttempt,
  guard: HostGuard,
  onSent: (native: object) => void,
  onUnsent: (error: unknown) => void,
): void {
  // Shown to got's cache in place of a secret. The cache treats requests with Authorization as private, and keeps customers
  // apart if the server sends `Vary`.
  const standIn = options.cache && by ? `private ${authName(by)}` : undefined
  if (standIn !== undefined) {
    const shown = Object.fromEntries(["authorization", ...Object.keys(headers)].map((name) => [name, standIn]))
    override(options, "createNativeRequestOptions", (create) => () => {
      const native = create()
      return isNativeOptions(native) ? { ...native, headers: { ...shown, ...native.headers } } : native
    })
  }
  const sending =
    (getRequest: AnyFunction): AnyFunction =>
    () => {
      const request = getRequest()
      return isFunction(request) ? (...args: unknown[]) => send(request, args) : request
    }
  // The first calls the second, except in got 14 if a `request` option returned nothing.
  override(options, "getRequestFunction", sending)
  override(options, "getFallbackRequestFunction", sending)
  let last: unknown

  function send(request: AnyFunction, args: unknown[]): unknown {
    const all: Record<string, unknown> = {}
    const native = args.map((argument) => {
      if (!isNativeOptions(argument)) return argument
      for (const [name, value] of Object.entries(argument.headers)) {
        if (value !== standIn) all[name] = value
      }
      return { ...argument, headers: Object.assign(all, headers) }
    })
    const wire = { url, added: headers, authenticated }
    const isOwn = options.request !== undefined
    const sent = attempted(
      () => sendNatively(() => request(...native), { options: { headers: all }, wire, guard, isOwn }),
      onUnsent,
    )
    return andThen(sent, (made) => {
      if (typeof made !== "object" || made === null || "statusCode" in made) return made
      // If the first calls the second, both come here.
      if (made !== last) onSent(made)
      last = made
      return made
    })
  }
}

/** Runs an action, and passes its error on to `onError` too. */
function attempted<T>(act: () => T | Promise<T>, onError: (error: unknown) => void): T | Promise<T> {
  const fail = (error: unknown): never => {
    onError(error)
    throw error
  }
  try {
    const result = act()
    return isPromise(result) ? result.catch(fail) : result
  } catch (error) {
    return fail(error)
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
