import { basename } from "node:path"
import { CommandError, EXIT_CODES } from "./exit-code.ts"
import { readInput, readInputBytes } from "./read-secret.ts"

/** One of curl's options for the body, in the order of the command line. */
export interface BodyPart {
  readonly kind: "data" | "raw" | "binary" | "urlencode" | "json" | "form"
  readonly value: string
}

export interface SentBody {
  readonly payload: Uint8Array<ArrayBuffer> | FormData | undefined
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
    return { ...nothing, payload: await multipart(parts) }
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

/** `content`, `=content`, `name=content`, `@file` and `name@file`. */
async function urlEncoded(value: string): Promise<string> {
  const [, name = "", mark = "", rest = ""] = /^([^=@]*)([=@])(.*)$/s.exec(value) ?? []
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

/** `name=value`, `name=@file` and `name=<file`, with `;type=` and `;filename=` behind a file. */
async function multipart(parts: readonly BodyPart[]): Promise<FormData> {
  const form = new FormData()
  for (const { value: field } of parts) {
    const equals = field.indexOf("=")
    if (equals < 1)
      throw new CommandError(EXIT_CODES.usage, "A form field must be name=value, name=@FILE or name=<FILE.")
    const [name, value] = [field.slice(0, equals), field.slice(equals + 1)]
    if (value.startsWith("<")) form.append(name, await readInput(value.slice(1)))
    else if (value.startsWith("@")) form.append(name, await fileOf(value.slice(1)))
    else form.append(name, value)
  }
  return form
}

async function fileOf(text: string): Promise<File> {
  const [path = "", ...traits] = text.split(";")
  const trait = (name: string): string | undefined =>
    traits.find((each) => each.startsWith(`${name}=`))?.slice(name.length + 1)
  const bytes = new Uint8Array(await readInputBytes(path))
  return new File([bytes], trait("filename") ?? basename(path), { type: trait("type") ?? "application/octet-stream" })
}
