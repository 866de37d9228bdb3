import { asked, invalidOption } from "@countersign/auth-core/adapter"
import { AMBIGUITY } from "./ambiguity.ts"
import { checkBooleans, checkOptions, overriding } from "./check-option.ts"
import type { Verifier } from "./create-verifier.ts"
import { CARRIER, type CarriedHead } from "./replay-store.ts"
import { NOWHERE } from "./verifier-event.ts"
import { ROUTE_OPTIONS, type RouteOptions } from "./verifier-options.ts"

/**
 * Programs declare the type of the owners of their keys here, for packages whose requests have one type for all routes:
 * `declare module "@countersign/server" { interface Register { owner: Customer } }`
 */
// biome-ignore lint/suspicious/noEmptyInterface: programs add to it
export interface Register {}

/** The owner that the program has registered; `unknown` without. */
export type RegisteredOwner = Register extends { owner: infer Owner } ? Owner : unknown

/** The options of a handler or a route of a framework. */
export interface HandlerOptions extends RouteOptions {
  /**
   * Calls the handler before the body is there, even if only the whole body can tell whether the signature is right. There is
   * no `auth` until the body has ended, and a forged body fails where it is read. Without this option such a body is collected
   * and checked first. A body whose hash is in a signed header is never collected.
   * @default false
   */
  streamBody?: boolean | undefined
  /** Collects the body before the handler, and keeps its exact bytes as `rawBody`. @default false */
  rawBody?: boolean | undefined
  /** The proxy in front, if it changes the host or the path. */
  proxy?: ProxyOptions | undefined
}

/**
 * A proxy that changes what callers have signed. Each option trusts it, so nobody else may reach the service, and the proxy
 * must overwrite the headers that are named here.
 */
export interface ProxyOptions {
  /** The host that callers name, with its port unless that is the default of the scheme. It needs no trust in a header. */
  host?: string | undefined
  /** Or the header in which the proxy tells that host, such as `x-forwarded-host`. */
  hostHeader?: string | undefined
  /** The start of the path that the proxy takes off, such as `/shop`. */
  removedPrefix?: string | undefined
  /** Or the header in which the proxy tells that start, such as `x-forwarded-prefix`. */
  prefixHeader?: string | undefined
  /** The start of the path that the proxy adds. */
  addedPrefix?: string | undefined
}

const HANDLER_OPTIONS: Readonly<Record<keyof HandlerOptions, true>> = {
  streamBody: true,
  rawBody: true,
  proxy: true,
  ...ROUTE_OPTIONS,
}

const PROXY_OPTIONS: Readonly<Record<keyof ProxyOptions, true>> = {
  host: true,
  hostHeader: true,
  removedPrefix: true,
  prefixHeader: true,
  addedPrefix: true,
}

/** Handler options, checked. */
export interface Handling<Owner> {
  readonly verifier: Verifier<Owner, boolean>
  readonly streamBody: boolean
  readonly rawBody: boolean
  /** The proxy in front; `undefined` if callers sign what arrives. */
  readonly asSigned: ((path: string, headerOf: HeaderOf) => { host: string | undefined; path: string }) | undefined
}

type HeaderOf = (name: string) => string | undefined

/**
 * @param usual the options that hold where `options` says nothing
 * @throws {AuthError} `AUTH_INVALID_OPTION`
 */
export function handlingOf<Owner>(
  verifier: Verifier<Owner, boolean>,
  options: HandlerOptions,
  usual: HandlerOptions = {},
): Handling<Owner> {
  if (typeof verifier?.open !== "function") throw invalidOption("`verifier` must be one of createVerifier.")
  checkOptions("The options of a handler", options, HANDLER_OPTIONS)
  const { streamBody = false, rawBody = false, proxy, ...route } = overriding(HANDLER_OPTIONS, usual, options)
  checkBooleans({ streamBody, rawBody })
  if (streamBody && rawBody) throw invalidOption("`rawBody` collects what `streamBody` streams: choose one of them.")
  return {
    verifier: verifier.with(route),
    streamBody,
    rawBody,
    asSigned: proxy === undefined ? undefined : undoing(proxy),
  }
}

const HEADER_NAME = /^[\w!#$%&'*+.^`|~-]+$/
const HOST = /^(?:[a-z\d.-]+|\[[\da-f:.]+\])(?::\d+)?$/
const PREFIX = /^\/[^?#]*[^/?#]$/

function undoing(proxy: ProxyOptions): NonNullable<Handling<unknown>["asSigned"]> {
  checkOptions("The members of `proxy`", proxy, PROXY_OPTIONS)
  const { host, hostHeader, removedPrefix, prefixHeader, addedPrefix } = proxy
  check("host", host, HOST, "a host in lower case, such as api.example.com")
  check("hostHeader", hostHeader, HEADER_NAME, "a header name, such as x-forwarded-host")
  check("removedPrefix", removedPrefix, PREFIX, "the start of a path, such as /shop")
  check("prefixHeader", prefixHeader, HEADER_NAME, "a header name, such as x-forwarded-prefix")
  check("addedPrefix", addedPrefix, PREFIX, "the start of a path, such as /internal")
  if (host !== undefined && hostHeader !== undefined)
    throw invalidOption("`proxy` may have `host` or `hostHeader`, not both.")
  if (removedPrefix !== undefined && prefixHeader !== undefined)
    throw invalidOption("`proxy` may have `removedPrefix` or `prefixHeader`, not both.")
  return (path, headerOf) => {
    const own = addedPrefix !== undefined && isBelow(path, addedPrefix) ? path.slice(addedPrefix.length) : path
    const removed = removedPrefix ?? (prefixHeader && headerOf(prefixHeader.toLowerCase())) ?? ""
    return {
      host: host ?? (hostHeader && headerOf(hostHeader.toLowerCase())),
      path: removed.replace(/\/$/, "") + (own.startsWith("/") ? own : `/${own}`),
    }
  }
}

function check(name: string, value: unknown, form: RegExp, what: string): void {
  if (value === undefined || (typeof value === "string" && form.test(value))) return
  throw invalidOption(`\`proxy.${name}\` must be ${what}.`)
}

function isBelow(path: string, prefix: string): boolean {
  return path.startsWith(prefix) && /^(?:[/?]|$)/.test(path.slice(prefix.length))
}

/** A body that is read too early cannot be checked. */
export const READ_TOO_EARLY =
  "The body was read before its signature was checked: put the auth before whatever reads bodies or sets their encoding."

/**
 * The text of a header. Servers give a character for each byte. Callers sign text, which is UTF-8 on the wire; one of a few
 * that send a byte for a character signs those characters.
 */
export function textOfHeader(value: unknown): unknown {
  if (typeof value !== "string" || !/[\x80-\xff]/.test(value) || /[^\0-\xff]/.test(value)) return value
  const bytes = Uint8Array.from(value, (character) => character.charCodeAt(0))
  return asked(() => new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes)) ?? value
}

/** Most requests have none but ASCII, and keep their headers. */
function asSent(headers: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  const changed: [string, unknown][] = []
  for (const name in headers) {
    const value = textOfHeader(headers[name])
    if (value !== headers[name]) changed.push([name, value])
  }
  return changed.length === 0 ? headers : { ...headers, ...Object.fromEntries(changed) }
}

/**
 * The head of a request, as its caller signed it.
 *
 * @param path with its query, as it arrived
 * @param headers names in lower case
 */
export function headOf(
  { asSigned }: Handling<unknown>,
  method: string,
  path: string,
  headers: Readonly<Record<string, unknown>>,
  carrier: object,
  ambiguity: string | undefined,
): CarriedHead {
  const signed = asSigned?.(path, (name) => textAt(headers, name))
  // HTTP/2 names the host in a field of its own.
  const own = signed?.host ?? (headers.host === undefined ? textAt(headers, ":authority") : undefined)
  // The host stays in its header, out of the URL, where a malformed one could take a part of the path.
  return {
    method,
    url: NOWHERE + (signed?.path ?? path),
    [CARRIER]: carrier,
    [AMBIGUITY]: ambiguity,
    headers: asSent(own === undefined ? headers : { ...headers, host: own }) as Record<string, string>,
  }
}

function textAt(headers: Readonly<Record<string, unknown>>, name: string): string | undefined {
  const value = headers[name]
  return value === undefined ? undefined : String(value)
}
