/** In a head: why it is open to several readings. */
export const AMBIGUITY = Symbol("ambiguity")

/** The used part of a request of Node. */
export interface IncomingHead {
  /** The request target as it came. */
  readonly url?: string | undefined
  /** By lower-case name. */
  readonly headers: Readonly<Record<string, unknown>>
  /** Names and values in turn, as they came. */
  readonly rawHeaders?: readonly string[] | undefined
}

/**
 * Why a check and a handler may read a request differently: Node keeps the first of several headers of one name, and a handler may
 * take the host from an absolute target, which no signature covers.
 *
 * @param target as it came
 */
export function ambiguityOf(target: string, { headers, rawHeaders = [] }: IncomingHead): string | undefined {
  let hosts = 0
  let authorizations = 0
  for (let index = 0; index < rawHeaders.length; index += 2) {
    const name = rawHeaders[index] ?? ""
    // Most names have another length.
    if (name.length === 4 && name.toLowerCase() === "host") hosts++
    else if (name.length === 13 && name.toLowerCase() === "authorization") authorizations++
  }
  if (hosts > 1 || authorizations > 1) return `the request has several ${hosts > 1 ? "Host" : "Authorization"} headers`
  const cut = fragmentIn(target)
  if (cut !== undefined) return cut
  const { host, ":authority": authority } = headers
  const isAbsolute = !target.startsWith("/") && ABSOLUTE.test(target)
  const isOther = isAbsolute
    ? !isSameHost(target, host)
    : host !== undefined && authority !== undefined && !isSameHost(`//${authority}`, host)
  return isOther ? "the request target names another host than the Host header" : undefined
}

/** No request target has a number sign. Signers take it as a part, many handlers as the end. */
export function fragmentIn(target: string): string | undefined {
  return target.includes("#") ? "the request target has a number sign" : undefined
}

const ABSOLUTE = /^[a-z][a-z\d+.-]*:\/\//i
const AUTHORITY = /^([a-z][a-z\d+.-]*:)?\/\/([^/?#]*)/i

function isSameHost(target: string, host: unknown): boolean {
  const [, scheme = "", authority = ""] = AUTHORITY.exec(target.toLowerCase()) ?? []
  const port = scheme === "http:" ? /:80$/ : scheme === "https:" ? /:443$/ : /:(?:80|443)$/
  return authority.replace(port, "") === String(host).toLowerCase().replace(port, "")
}
