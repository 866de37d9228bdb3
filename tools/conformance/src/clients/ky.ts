import { withAuth } from "@countersign/ky"
import ky from "ky"
import { type Connect, METHOD } from "./connect.ts"

export const kyClient: Connect = async ({ baseUrl, path, body, isJson, auth, hosts, retries }) => {
  const base = ky.create({ prefix: baseUrl })
  const client = auth === undefined ? base : withAuth(base, auth, { hosts })
  const { status } = await client(path.slice(1), {
    throwHttpErrors: retries > 0,
    method: METHOD,
    retry: { limit: retries, delay: () => 1 },
    ...(body === undefined ? {} : isJson ? { json: body } : { body: body as BodyInit }),
  })
  return status
}
