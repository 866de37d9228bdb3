import { withAuth } from "@countersign/undici"
import {
  Agent,
  type Dispatcher,
  fetch,
  interceptors,
  FormData as OwnFormData,
  ProxyAgent,
  request,
  setGlobalDispatcher,
} from "undici"
import { type CallOptions, type Connect, jsonInit, METHOD } from "./connect.ts"

function dispatcherOf({ auth, guard }: CallOptions, agent: Dispatcher): Dispatcher {
  return auth === undefined ? agent : withAuth(agent, auth, guard)
}

async function withAgent(
  { isHttp2, proxy }: CallOptions,
  call: (agent: Dispatcher) => Promise<number>,
): Promise<number> {
  const agent = proxy === undefined ? new Agent({ allowH2: isHttp2 }) : new ProxyAgent(proxy)
  try {
    return await call(agent)
  } finally {
    void agent.destroy()
  }
}

export const undiciRequest: Connect = (options) =>
  withAgent(options, async (agent) => {
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
  withAgent(options, async (agent) => {
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

/** undici's fetch accepts only its own FormData. */
function ownForm(body: unknown): unknown {
  if (!(body instanceof FormData)) return body
  const form = new OwnFormData()
  for (const [name, value] of body) form.append(name, value)
  return form
}

/** The runtime's fetch on a dispatcher of this undici, one request at a time. */
export const fetchThroughDispatcher: Connect = (options) =>
  withAgent(options, async (agent) => {
    let isUsed = false
    const noting: Dispatcher.DispatcherComposeInterceptor = (dispatch) => (request, handler) => {
      isUsed = true
      return dispatch(request, handler)
    }
    setGlobalDispatcher(dispatcherOf(options, agent).compose(noting))
    try {
      const response = await globalThis.fetch(options.baseUrl + options.path, {
        method: METHOD,
        ...{ duplex: "half" },
        ...jsonInit(options),
      })
      await response.arrayBuffer()
      if (!isUsed) throw new Error("the fetch of this runtime does not use the dispatcher of this undici")
      return response.status
    } finally {
      setGlobalDispatcher(new Agent())
    }
  })
