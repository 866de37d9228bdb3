import type { Identities } from "../state/identities.ts"
import { isSecretField, SECRET } from "./secret-field.ts"

/** Matches an Authorization header with a signature. Only the signature at its end is secret. */
const SIGNED = /^((?:SDK|V11)-[A-Z\d-]+ (?:Access|Credential)=)([^,/\s]+)(.*, ?Signature=)\S+$/

/** Hides credentials in records. The emulator's own keys and signatures stay, because they are made up and worth a look. */
export interface Mask {
  headers(headers: Readonly<Record<string, string>>): Record<string, string>
  target(target: string): string
  accessKeyId(accessKeyId: string): string
  /** A message of the gateway, which names access keys. */
  message(message: string): string
}

export function createMask({ key, app, token }: Pick<Identities, "key" | "app" | "token">): Mask {
  const isOwn = (accessKeyId: string): boolean => key(accessKeyId) !== undefined || app(accessKeyId) !== undefined
  const maskKey = (accessKeyId: string): string =>
    isOwn(accessKeyId) ? accessKeyId : `${accessKeyId.slice(0, 3)}…${accessKeyId.slice(-2)}`
  return {
    accessKeyId: maskKey,
    message: (message) => message.replace(/(?<=\b(?:ak:|appkey ))[^,\s"]+/g, maskKey),
    headers: (headers) =>
      Object.fromEntries(
        Object.entries(headers).map(([name, value]) => {
          // Such as Referer and Location.
          if (!isSecretField(name)) return [name, maskTarget(value)]
          const [, start, accessKeyId = "", middle] = SIGNED.exec(value) ?? []
          if (name !== "authorization" || start === undefined) return [name, masked(value, token(value))]
          if (isOwn(accessKeyId)) return [name, value]
          return [name, `${start}${maskKey(accessKeyId)}${middle}${SECRET}`]
        }),
      ),
    target: maskTarget,
  }
}

function maskTarget(target: string): string {
  const [path = "", query] = split(target)
  return query === undefined ? path : `${path}?${maskPairs(query, "&", "=")}`
}

/** Masks the values of headers and query parameters that carry a credential in a canonical request. */
export function maskCanonical(canonicalRequest: string): string {
  const [method, uri, query = "", ...rest] = canonicalRequest.split("\n")
  const headers = maskPairs(rest.slice(0, -3).join("\n"), "\n", ":")
  return [method, uri, maskPairs(query, "&", "="), headers, ...rest.slice(-3)].join("\n")
}

function maskPairs(text: string, between: string, sign: string): string {
  return text
    .split(between)
    .map((pair) => {
      const [name = "", value] = split(pair, sign)
      return value !== undefined && isSecretField(name) ? `${name}${sign}${SECRET}` : pair
    })
    .join(between)
}

function masked(value: string, own: ReturnType<Identities["token"]>): string {
  const size = `${value.length} characters`
  return own === undefined ? `[secret, ${size}]` : `[token of ${own.principal.user.name}, ${size}]`
}

function split(text: string, sign = "?"): [string, string?] {
  const index = text.indexOf(sign)
  return index < 0 ? [text] : [text.slice(0, index), text.slice(index + 1)]
}
