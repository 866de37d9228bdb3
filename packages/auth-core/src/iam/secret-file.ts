import { AuthError } from "../errors/auth-error.ts"
import { checkName } from "./name-or-id.ts"
import { readTextFile } from "./text-file.ts"

/**
 * A secret that stands in a file, such as a mounted id token: read anew at each refresh, white space around it cut off.
 * For Node.js, Bun and Deno.
 *
 * @throws {AuthError} `AUTH_INVALID_OPTION` at once for what is no path; when asked, `AUTH_CREDENTIALS_MISSING` when there
 * is no such file or nothing in it, `AUTH_INVALID_CREDENTIALS` when it cannot be read.
 */
export function secretFile(path: string): () => Promise<string> {
  const file = checkName(path, "path")
  return async () => {
    const secret = (await readTextFile(file))?.trim()
    if (secret !== undefined && secret !== "") return secret
    const problem = secret === undefined ? "does not exist" : "is empty"
    throw new AuthError("AUTH_CREDENTIALS_MISSING", `The file ${file} ${problem}: a secret should stand in it.`)
  }
}
