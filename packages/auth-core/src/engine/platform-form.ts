import { AuthError } from "../errors/auth-error.ts"
import { isBlob } from "./body-brand.ts"

/**
 * A form as the platform's own class, which its fetch and Response can read; those of other classes they take for text.
 *
 * @throws {AuthError} `AUTH_BODY_UNSIGNABLE` for a field that holds neither text nor a file whose bytes can be had.
 */
export function platformForm(form: FormData): FormData | Promise<FormData> {
  return form instanceof FormData ? form : copyOf(form)
}

async function copyOf(form: FormData): Promise<FormData> {
  const copy = new FormData()
  for (const [name, value] of form) {
    if (typeof value === "string") copy.append(name, value)
    else copy.append(name, await platformFile(name, value), value.name)
  }
  return copy
}

/** Its bytes in a Blob of the platform, which takes no other. */
async function platformFile(field: string, value: unknown): Promise<Blob> {
  if (value instanceof Blob) return value
  if (isBlob(value)) return new Blob([await value.arrayBuffer()], { type: value.type })
  throw new AuthError(
    "AUTH_BODY_UNSIGNABLE",
    `The field "${field}" of the form holds ${Object.prototype.toString.call(value)}, which cannot be turned into bytes: give text, a Blob or a File.`,
  )
}
