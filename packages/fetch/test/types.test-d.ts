import { createFetch as createOfetch } from "ofetch"
import createClient from "openapi-fetch"
import { ProxyAgent, fetch as undiciFetch } from "undici"
import { expectTypeOf } from "vitest"
import wretch from "wretch"
import { type Auth, type AuthFetch, type AuthRequestInit, createFetch, withAuth } from "../src/index.ts"

declare const auth: Auth

expectTypeOf(createFetch(auth)).toEqualTypeOf<AuthFetch>()
expectTypeOf(createFetch(auth)).toExtend<typeof fetch>()
expectTypeOf(withAuth(fetch, auth)).toExtend<typeof fetch>()
expectTypeOf<RequestInit>().toExtend<AuthRequestInit>()
expectTypeOf(withAuth(fetch, auth)("https://api.example.com")).resolves.toEqualTypeOf<Response>()

void createFetch(auth)("https://api.example.com", { auth: false, method: "POST" })
void withAuth(fetch, auth)("https://api.example.com", { auth })
// @ts-expect-error: an auth, not a token
void createFetch(auth)("https://api.example.com", { auth: "token" })
declare const customers: Map<string, Auth>
// @ts-expect-error: an auth, not what may be none
void createFetch(auth)("https://api.example.com", { auth: customers.get("unknown") })
expectTypeOf(createFetch(false)).toEqualTypeOf<AuthFetch>()
expectTypeOf(withAuth(fetch, false)).toExtend<typeof fetch>()
// @ts-expect-error: an auth, or false
createFetch(undefined)
// @ts-expect-error: the bare fetch knows no auth
void fetch("https://api.example.com", { auth })

// A fetch with more options and members keeps them.
interface OwnInit extends RequestInit {
  next?: { revalidate: number }
}
interface OwnResponse extends Response {
  readonly fromCache: boolean
}
declare function ownFetch(input: RequestInfo | URL, init?: OwnInit): Promise<OwnResponse>
const own = withAuth(ownFetch, auth)
expectTypeOf(own("https://api.example.com", { next: { revalidate: 60 } })).resolves.toEqualTypeOf<OwnResponse>()

// The fetch of a library has its own classes.
const dispatcher = new ProxyAgent("http://proxy.example.com")
createFetch(auth, { fetch: (input, init) => undiciFetch(input, { ...init, dispatcher }) })
createFetch(auth, { fetch: undiciFetch })
createFetch(auth, { fetch: (input, init) => fetch(input, init) })
createFetch(auth, { fetch })
expectTypeOf(withAuth(undiciFetch, auth)).toExtend<typeof undiciFetch>()
// @ts-expect-error: a fetch takes a URL
createFetch(auth, { fetch: (input: number) => fetch(String(input)) })
// @ts-expect-error: a fetch gives a response
createFetch(auth, { fetch: async () => "text" })

// Clients that take a fetch keep the types of their results.
interface Paths {
  "/things": { get: { responses: { 200: { content: { "application/json": { a: number } } } } } }
}
const client = createClient<Paths>({ fetch: withAuth(fetch, auth) })
expectTypeOf(client.GET("/things")).resolves.toHaveProperty("data").toEqualTypeOf<{ a: number } | undefined>()
expectTypeOf(createOfetch({ fetch: createFetch(auth) })<{ a: number }>("/things")).resolves.toEqualTypeOf<{
  a: number
}>()
expectTypeOf(wretch().fetchPolyfill(createFetch(auth)).get("/").json<{ a: number }>()).resolves.toEqualTypeOf<{
  a: number
}>()
