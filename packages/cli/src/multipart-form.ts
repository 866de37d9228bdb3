import { randomBytes } from "node:crypto"
import { basename, extname } from "node:path"
import { CommandError, EXIT_CODES } from "./exit-code.ts"
import { readInputBytes } from "./read-secret.ts"

interface FormPart {
  readonly name: string
  readonly content: Uint8Array
  readonly filename: string | undefined
  readonly type: string | undefined
}

/** The types that curl knows by the ending of a file's name. */
const TYPES: Readonly<Record<string, string>> = {
  ".gif": "image/gif",
  ".jpg": "image/jpeg",
  ".jpeg": "image/jpeg",
  ".png": "image/png",
  ".svg": "image/svg+xml",
  ".txt": "text/plain",
  ".htm": "text/html",
  ".html": "text/html",
  ".pdf": "application/pdf",
  ".xml": "application/xml",
}

/**
 * The multipart body of curl's `-F` fields, byte by byte: `name=value`, `name=@FILE` and `name=<FILE`, each with `;type=`
 * and `;filename=`. FormData would turn the line breaks of values into CRLF, and has no type for a value.
 *
 * @see RFC 7578; `curl --form` in curl's manual
 */
export async function multipartForm(
  fields: readonly string[],
): Promise<{ payload: Uint8Array<ArrayBuffer>; contentType: string }> {
  const boundary = `------------------------${randomBytes(11).toString("hex")}`
  const chunks: Uint8Array[] = []
  for (const field of fields) {
    const { name, content, filename, type } = await partOf(field)
    const named = filename === undefined ? "" : `; filename="${escaped(filename)}"`
    const typed = type === undefined ? "" : `Content-Type: ${type}\r\n`
    const disposition = `Content-Disposition: form-data; name="${escaped(name)}"${named}\r\n`
    chunks.push(Buffer.from(`--${boundary}\r\n${disposition}${typed}\r\n`), content, Buffer.from("\r\n"))
  }
  chunks.push(Buffer.from(`--${boundary}--\r\n`))
  return {
    payload: new Uint8Array(Buffer.concat(chunks)),
    contentType: `multipart/form-data; boundary=${boundary}`,
  }
}

/** As browsers and curl write names. */
function escaped(text: string): string {
  return text.replaceAll('"', "%22").replaceAll("\r", "%0D").replaceAll("\n", "%0A")
}

async function partOf(field: string): Promise<FormPart> {
  const equals = field.indexOf("=")
  if (equals < 1) throw refused("A form field must be name=value, name=@FILE or name=<FILE.")
  const [name, value] = [field.slice(0, equals), field.slice(equals + 1)]
  const mark = /^[@<]/.exec(value)?.[0] ?? ""
  const { text, isQuoted, type, filename } = traitsOf(value.slice(mark.length))
  if (mark === "") {
    return { name, content: Buffer.from(text), filename, type: type ?? typeOf(filename) }
  }
  if (mark === "@" && !isQuoted && text.includes(",")) {
    throw refused(
      `-F takes one file for each field, and ${text} has a comma: repeat -F, or quote the name as '${name}=@"${text}"'.`,
    )
  }
  const content = await readInputBytes(text)
  const guessed = typeOf(filename) ?? typeOf(text)
  // curl names no file for `<`, and no type for its plain text.
  if (mark === "<")
    return { name, content, filename: undefined, type: type ?? (guessed === "text/plain" ? undefined : guessed) }
  return { name, content, filename: filename ?? basename(text), type: type ?? guessed ?? "application/octet-stream" }
}

function typeOf(file = ""): string | undefined {
  return TYPES[extname(file).toLowerCase()]
}

interface Traits {
  /** The value, or the name of the file. */
  readonly text: string
  readonly isQuoted: boolean
  readonly type: string | undefined
  readonly filename: string | undefined
}

/** Splits a value from what stands behind its semicolons. Unknown words there are left out, as by curl. */
function traitsOf(value: string): Traits {
  const first = wordOf(value)
  let { rest } = first
  let type: string | undefined
  let filename: string | undefined
  while (rest !== "") {
    const trait = rest.slice(1).trimStart()
    const [, label = ""] = /^(type|filename|headers|encoder)=/i.exec(trait) ?? []
    const word = wordOf(trait.slice(label.length + (label === "" ? 0 : 1)))
    rest = word.rest
    switch (label.toLowerCase()) {
      case "type":
        if (!/^[^/\s]+\/[^;,\s]+$/.test(word.text)) {
          throw refused(`A type in a form field must be such as text/plain, not ${word.text}.`)
        }
        type = word.text
        break
      case "filename":
        filename = word.text
        break
      case "headers":
      case "encoder":
        throw refused(`;${label}= in a form field is not supported: leave it out.`)
      default:
        // A parameter of the type, such as `;charset=utf-8`.
        if (type !== undefined && word.text !== "") type += `;${word.text}`
    }
  }
  return { text: first.text, isQuoted: first.isQuoted, type, filename }
}

/** A word up to the next semicolon. In double quotes it may hold one, and `\"` and `\\`. */
function wordOf(given: string): { text: string; isQuoted: boolean; rest: string } {
  const start = given.trimStart()
  const quoted = /^"((?:[^"\\]|\\.)*)"[^;]*/s.exec(start)
  if (quoted !== null) {
    const text = (quoted[1] ?? "").replaceAll(/\\(["\\])/g, "$1")
    return { text, isQuoted: true, rest: start.slice(quoted[0].length) }
  }
  const end = start.indexOf(";")
  const text = end < 0 ? start : start.slice(0, end)
  return { text: text.trimEnd(), isQuoted: false, rest: end < 0 ? "" : start.slice(end) }
}

function refused(message: string): CommandError {
  return new CommandError(EXIT_CODES.usage, message)
}
