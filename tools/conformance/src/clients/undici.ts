import { withAuth } from "@countersign/undici"
import { Agent, type Dispatcher, fetch, interceptors, FormData as OwnFormData, request } from "undici"
import { type CallOptions, type Connect, jsonInit, METHOD } from "./connect.ts"

function dispatcherOf({ auth, hosts }: CallOptions, agent: Agent): Dispatcher {
  return auth === undefined ? agent : withAuth(agent, auth, { hosts })
}

async function withAgent(call: (agent: Agent) => Promise<number>): Promise<number> {
  const agent = new Agent()
  try {
    return await call(agent)
  } finally {
    void agent.destroy()
  }
}

export const undiciRequest: Connect = (options) =>
  withAgent(async (agent) => {
    const dispatcher = dispatcherOf(options, agent).compose(
      interceptors.retry({
        maxRetries: options.retries,
        minTimeout: 1,
        methods: [METHOD],
        statusCodes: [503],
        throwOnError: false,
      }),
      interceptors.redirect({ maxRedirections: 20 }),
    )
    const { body, headers = {} } = jsonInit(options)
    const response = await request(options.baseUrl + options.path, {
      method: METHOD,
      dispatcher,
      headers,
      ...(body === undefined ? {} : { body: body as string }),
    })
    await response.body.dump()
    return response.statusCode
  })

export const undiciFetch: Connect = (options) =>
  withAgent(async (agent) => {
    const { body, headers } = jsonInit(options)
    const response = await fetch(options.baseUrl + options.path, {
      method: METHOD,
      dispatcher: dispatcherOf(options, agent),
      duplex: "half",
      ...(headers === undefined ? {} : { headers }),
      ...(body === undefined ? {} : { body: ownForm(body) as string }),
    })
    await response.arrayBuffer()
    return response.status
  })

/** undici's fetch knows no FormData but its own. */
function ownForm(body: unknown): unknown {
  if (!(body instanceof FormData)) return body
  const form = new OwnFormData()
  for (const [name, value] of body) form.append(name, value)
  return form
}
