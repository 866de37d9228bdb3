import { HttpResponse, http } from "msw"
import { setupServer } from "msw/node"
import nock from "nock"
import { getGlobalDispatcher, MockAgent, setGlobalDispatcher } from "undici"

/** A request as a mock saw it. */
export interface MockedRequest {
  method: string
  /** The request target, undecoded. */
  target: string
  headers: Record<string, string>
  body: string
}

interface MockedAnswer {
  /** @default 200 */
  status?: number
  headers?: Record<string, string>
  body?: string
}

export interface MockedRoute {
  method: "GET" | "POST"
  path: string
  /** Names and values, not encoded. */
  query?: Readonly<Record<string, string>>
  /** The text that the body must be, if the library matches requests by it. */
  body?: string
  /** One for each request in turn, the last for all that follow. An empty list stands for a broken connection. */
  answers: readonly MockedAnswer[]
}

/** A library that answers requests in place of the network. */
export interface MockLibrary {
  name: string
  /**
   * Answers requests to an origin from here on, and refuses all others.
   *
   * @param seen called with each request that matches a route.
   * @returns a function that ends it.
   */
  start(origin: string, routes: readonly MockedRoute[], seen: (request: MockedRequest) => void): () => unknown
}

// nock starts when it is imported.
nock.restore()

const BROKEN = "the mocked connection is broken"

/** For `node:http` and the global fetch. */
export const mockedByNock: MockLibrary = {
  name: "nock",
  start(origin, routes, seen) {
    nock.activate()
    nock.disableNetConnect()
    for (const { method, path, query = {}, body: text, answers } of routes) {
      const scope = nock(origin).persist().intercept(path, method, text).query(query)
      if (answers.length === 0) scope.replyWithError(new Error(BROKEN))
      const next = inTurn(answers)
      if (answers.length > 0) {
        scope.reply(async (request: Request) => {
          const { status = 200, headers = {}, body = "" } = next()
          seen(await mockedRequest(request))
          return [status, body, headers]
        })
      }
    }
    return () => {
      nock.cleanAll()
      nock.enableNetConnect()
      nock.restore()
    }
  },
}

/** For `node:http` and the global fetch. */
export const mockedByMsw: MockLibrary = {
  name: "msw",
  start(origin, routes, seen) {
    const handlers = routes.map(({ method, path, query, answers }) => {
      const next = inTurn(answers)
      return http[method === "GET" ? "get" : "post"](`${origin}${path}`, async ({ request }) => {
        const { searchParams } = new URL(request.url)
        for (const [name, value] of Object.entries(query ?? {})) if (searchParams.get(name) !== value) return undefined
        if (answers.length === 0) return HttpResponse.error()
        const { status = 200, headers = {}, body = "" } = next()
        seen(await mockedRequest(request))
        return new HttpResponse(body, { status, headers })
      })
    })
    const server = setupServer(
      ...handlers,
      http.all("*", () => HttpResponse.error()),
    )
    server.listen()
    return () => server.close()
  },
}

/**
 * For the global fetch, which uses undici's global dispatcher. The MockAgent is that of undici 7, as in Node 24. To one of
 * undici 8 that fetch gives bodies as streams.
 */
export const mockedByMockAgent: MockLibrary = {
  name: "MockAgent",
  start(origin, routes, seen) {
    const before = getGlobalDispatcher()
    const agent = new MockAgent()
    setGlobalDispatcher(agent)
    answerBy(agent, origin, routes, seen)
    return async () => {
      setGlobalDispatcher(before)
      await agent.close()
    }
  },
}

/** @param agent a MockAgent of any release of undici. */
export function answerBy(
  agent: MockAgent,
  origin: string,
  routes: readonly MockedRoute[],
  seen: (request: MockedRequest) => void,
): void {
  agent.disableNetConnect()
  for (const { method, path, query, body: text, answers } of routes) {
    const matched = {
      method,
      path,
      ...(query === undefined ? {} : { query }),
      ...(text === undefined ? {} : { body: text }),
    }
    const interceptor = agent.get(origin).intercept(matched)
    const next = inTurn(answers)
    if (answers.length === 0) interceptor.replyWithError(new Error(BROKEN)).persist()
    else {
      interceptor
        .reply((request) => {
          const { status = 200, headers = {}, body = "" } = next()
          const given = Object.fromEntries(new Headers(request.headers as HeadersInit))
          seen({ method, target: request.path, headers: given, body: textOf(request.body) })
          return {
            statusCode: status,
            data: body,
            responseOptions: { headers },
          }
        })
        .persist()
    }
  }
}

function textOf(body: unknown): string {
  return body instanceof Uint8Array ? new TextDecoder().decode(body) : String(body ?? "")
}

async function mockedRequest(request: Request): Promise<MockedRequest> {
  const { method, url, headers } = request
  const { pathname, search } = new URL(url)
  return { method, target: pathname + search, headers: Object.fromEntries(headers), body: await request.clone().text() }
}

function inTurn<T>(all: readonly T[]): () => T {
  let count = 0
  return () => {
    const one = all[Math.min(count, all.length - 1)]
    count += 1
    if (one === undefined) throw new Error("There is no answer.")
    return one
  }
}
