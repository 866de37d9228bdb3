import { parseJson } from "@countersign/auth-core/adapter"
import { isSecretField, SECRET } from "./secret-field.ts"

/**
 * Masks the values of fields that hold a credential in the text of a body: of JSON, a form of either kind, or XML. A body of
 * another kind is searched for what looks like one of them.
 */
export function maskBody(text: string): string {
  const value = parseJson(text)
  const masked = JSON.stringify(maskValue(value))
  // White space counts in a signature, so a text without secrets keeps it. A name that comes twice is in `text` alone.
  return maskFields(masked === JSON.stringify(value) ? text : masked)
}

function maskValue(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(maskValue)
  if (typeof value === "string") return maskText(value)
  if (typeof value !== "object" || value === null) return value
  return Object.fromEntries(
    Object.entries(value).map(([name, inner]) => [
      name,
      isSecretField(name) && typeof inner !== "boolean" && inner !== null ? SECRET : maskValue(inner),
    ]),
  )
}

/** JSON may be a text within JSON. */
function maskText(text: string): string {
  return /^\s*[[{]/.test(text) ? maskBody(text) : text
}

/** Patterns of a field: the text before its value, with the name in it, and the value. Each with its mask. */
const FIELDS: readonly (readonly [field: RegExp, mask: string])[] = [
  // A member of JSON.
  [/("((?:[^"\\]|\\.)*)"\s*:\s*)("(?:[^"\\]|\\.)*"?|[-\d][\w.+-]*)/g, `"${SECRET}"`],
  // A part of multipart/form-data.
  [/(\bname="([^"\r\n]+)"[^\r\n]*(?:\r?\n[^\r\n]+)*\r?\n\r?\n)([\s\S]*?)(?=\r?\n--|$)/g, SECRET],
  // An element of XML.
  [/(<([\w:.-]+)(?:\s[^<>]*)?>)([^<]+)/g, SECRET],
  // A pair of a form, an attribute, or a line of settings.
  [/((?<=^|[&;?\s])([^&;?\s="'<>{}]+)=)("[^"]*"|'[^']*'|[^&;\s"'<>]*)/g, SECRET],
]

function maskFields(text: string): string {
  return FIELDS.reduce(
    (clean, [field, mask]) =>
      clean.replace(field, (whole: string, before: string, name: string, value: string) =>
        value !== "" && isSecretField(name) ? before + mask : whole,
      ),
    text,
  )
}
