import { withAuth } from "@countersign/ky"
import ky from "ky"
import { type Connect, METHOD } from "./connect.ts"

export const kyClient: Connect = async ({ baseUrl, path, body, isJson, auth, guard, retries }) => {
  const client = auth === undefined ? ky : withAuth(ky, auth, guard)
  // The option for the base URL has another name in each major release.
  const { status } = await client(baseUrl + path, {
    throwHttpErrors: retries > 0,
    method: METHOD,
    retry: { limit: retries, delay: () => 1 },
    ...(body === undefined ? {} : isJson ? { json: body } : { body: body as BodyInit }),
  })
  return status
}
