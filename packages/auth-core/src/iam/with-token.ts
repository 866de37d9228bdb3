import type { Token } from "../identity/token.ts"
import type { IamRequest } from "./iam-request.ts"

/** The request in the name of a token. */
export function withToken(request: IamRequest, token: Token): IamRequest {
  return {
    ...request,
    headers: { ...request.headers, "x-auth-token": token.value },
    secrets: [...request.secrets, token.value],
  }
}
