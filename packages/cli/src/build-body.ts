import { CommandError, EXIT_CODES } from "./exit-code.ts"
import { multipartForm } from "./multipart-form.ts"
import { readInputBytes } from "./read-secret.ts"

/** One of curl's options for the body, in the order of the command line. */
export interface BodyPart {
  readonly kind: "data" | "raw" | "binary" | "urlencode" | "json" | "form"
  readonly value: string
}

export interface SentBody {
  readonly payload: Uint8Array<ArrayBuffer> | undefined
  /** The headers that curl adds to it. */
  readonly headers: readonly [name: string, value: string][]
  /** The part that goes into the query instead. */
  readonly query: string
}

/** Builds a body as curl does: data is joined by `&`, JSON as it is, a form as multipart. */
export async function buildBody(parts: readonly BodyPart[], intoQuery: boolean): Promise<SentBody> {
  const nothing = { payload: undefined, headers: [], query: "" }
  if (parts.length === 0) return nothing
  const kinds = new Set(parts.map(({ kind }) => (kind === "form" || kind === "json" ? kind : "data")))
  if (kinds.size > 1) throw new CommandError(EXIT_CODES.usage, "Use one of -d, --json and -F, not several.")
  if (kinds.has("form")) {
    if (intoQuery) throw new CommandError(EXIT_CODES.usage, "-G puts data into the query: use -d or --data-urlencode.")
    const { payload, contentType } = await multipartForm(parts.map(({ value }) => value))
    return { ...nothing, payload, headers: [["Content-Type", contentType]] }
  }
  const chunks: Uint8Array[] = []
  for (const part of parts) {
    if (chunks.length > 0 && part.kind !== "json") chunks.push(Buffer.from("&"))
    chunks.push(await bytesOf(part))
  }
  const payload = new Uint8Array(Buffer.concat(chunks))
  if (intoQuery) return { ...nothing, query: percentEncoded(payload, /[!"$-~]/) }
  const json = "application/json"
  return {
    ...nothing,
    payload,
    headers: kinds.has("json")
      ? [
          ["Content-Type", json],
          ["Accept", json],
        ]
      : [["Content-Type", "application/x-www-form-urlencoded"]],
  }
}

async function bytesOf({ kind, value }: BodyPart): Promise<Uint8Array> {
  if (kind === "urlencode") return Buffer.from(await urlEncoded(value))
  if (kind === "raw" || !value.startsWith("@")) return Buffer.from(value)
  if (kind !== "data") return await readInputBytes(value.slice(1))
  const leftOut = [0, 0x0a, 0x0d]
  return (await readInputBytes(value.slice(1))).filter((byte) => !leftOut.includes(byte))
}

/** `content`, `=content`, `name=content`, `@file` and `name@file`; an equals sign anywhere wins over an @, as for curl. */
async function urlEncoded(value: string): Promise<string> {
  const [, name = "", mark = "", rest = ""] = /^([^=]*)(=)(.*)$/s.exec(value) ?? /^([^@]*)(@)(.*)$/s.exec(value) ?? []
  if (mark === "") return percentEncoded(Buffer.from(value))
  const content = percentEncoded(mark === "@" ? await readInputBytes(rest) : Buffer.from(rest))
  return name === "" ? content : `${name}=${content}`
}

/** The bytes need not be UTF-8. */
function percentEncoded(bytes: Uint8Array, plain = /[\w.~-]/): string {
  return Array.from(bytes, (byte) => {
    const character = String.fromCharCode(byte)
    return plain.test(character) ? character : `%${byte.toString(16).toUpperCase().padStart(2, "0")}`
  }).join("")
}
