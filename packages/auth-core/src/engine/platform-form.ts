/** A form as the platform's own class, which its fetch and Response can read; those of other classes they take for text. */
export function platformForm(form: FormData): FormData {
  if (form instanceof FormData) return form
  const copy = new FormData()
  for (const [name, value] of form as FormData) {
    if (typeof value === "string") copy.append(name, value)
    else copy.append(name, value, value.name)
  }
  return copy
}
