import { AuthError } from "../errors/auth-error.ts"
import type { Credentials } from "../identity/credentials.ts"
import type { Token } from "../identity/token.ts"
import { authenticatedExchange } from "./authenticated-exchange.ts"
import { type IamOptions, iamConnection } from "./iam-connection.ts"
import { memberAt, parseJson, textAt } from "./json.ts"
import { checkName } from "./name-or-id.ts"

export interface FindProjectIdOptions extends IamOptions {
  /** Name of the project. That of a region's main project is the region's id, such as `ap-southeast-1`. */
  name: string
  /** Ends the lookup. */
  signal?: AbortSignal | undefined
}

/**
 * Looks up the id of a project by its name, as a token's user or an access key's owner sees it. Keeps nothing.
 *
 * @throws {AuthError} `AUTH_INVALID_OPTION` when there is none of that name, or several, which the message lists; else as
 * {@link passwordToken}.
 * @see IAM API reference, "Querying Project Information Based on the Specified Criteria"
 */
export async function findProjectId(
  options: FindProjectIdOptions,
  authentication: Token | Credentials,
): Promise<string> {
  const name = checkName(options.name, "name")
  const connection = iamConnection(options)
  const request = {
    method: "GET" as const,
    path: `/v3/projects?name=${encodeURIComponent(name)}`,
    secrets: [],
    action: `Looking up the project "${name}"`,
    advice: { 403: "Give the project's id yourself, or let the user list projects." },
  }
  const answer = await authenticatedExchange(connection, request, authentication, options.signal)
  const details = { status: answer.status, endpoint: connection.endpoint }
  const projects = memberAt(parseJson(answer.text), "projects")
  if (!Array.isArray(projects)) {
    throw new AuthError(
      "AUTH_TOKEN_RESPONSE_INVALID",
      `${request.action} failed: the answer of ${connection.endpoint} lists no projects. Check that the endpoint is IAM's.`,
      details,
    )
  }
  const ids = projects.map((project: unknown) => textAt(project, "id")).filter((id) => id !== undefined)
  const [id, ...others] = ids
  if (id !== undefined && others.length === 0) return id
  const found = id === undefined ? "none of that name is visible" : `several have that name: ${ids.join(", ")}`
  throw new AuthError(
    "AUTH_INVALID_OPTION",
    `${request.action} failed: ${found}. Give the project's id yourself.`,
    details,
  )
}
