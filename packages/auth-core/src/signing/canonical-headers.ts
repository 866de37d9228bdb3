/**
 * One `name:value` line for each header that is there, each ended by a newline.
 *
 * @param names lower case, in byte order
 * @param values of the names, trimmed; `undefined` where there is none
 * @see API Signing Guide, "Canonical headers"
 */
export function canonicalHeaders(names: readonly string[], values: readonly (string | undefined)[]): string {
  let lines = ""
  for (let position = 0; position < names.length; position++) {
    const value = values[position]
    if (value !== undefined) lines += `${names[position]}:${value}\n`
  }
  return lines
}

/**
 * The names of the headers that are there, joined with `;`.
 *
 * @see API Signing Guide, "Signed headers"
 */
export function signedHeaders(names: readonly string[], values: readonly (string | undefined)[]): string {
  let list = ""
  for (let position = 0; position < names.length; position++) {
    if (values[position] !== undefined) list += list === "" ? names[position] : `;${names[position]}`
  }
  return list
}
