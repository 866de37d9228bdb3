import got, { type ExtendOptions, type Got, type Request, type RequestPromise, type Response } from "got"
import { expectTypeOf } from "vitest"
import { type Auth, type AuthContext, type AuthHooks, authHooks, withAuth } from "../src/index.ts"

declare const auth: Auth

interface User {
  id: string
}

// An instance keeps its type.
expectTypeOf(withAuth(got, auth)).toEqualTypeOf<Got>()
const buffers = got.extend({ responseType: "buffer" })
expectTypeOf(withAuth(buffers, auth, { hosts: ["*.example.com"] })).toEqualTypeOf(buffers)
const bodies = got.extend({ responseType: "json", resolveBodyOnly: true })
expectTypeOf(withAuth(bodies, auth)).toEqualTypeOf(bodies)
expectTypeOf(withAuth(bodies, auth).extend({ responseType: "text" })("/users")).resolves.toEqualTypeOf<string>()
expectTypeOf(got.extend(withAuth(bodies, auth))).toEqualTypeOf(got.extend(bodies))
const assigned = withAuth(Object.assign(got.extend({}), { region: "eu-west-1" } as const), auth)
expectTypeOf(assigned.region).toEqualTypeOf<"eu-west-1">()

// So do its results.
const api = withAuth(got, auth)
expectTypeOf(api("/users")).toEqualTypeOf<RequestPromise<Response<string>>>()
expectTypeOf(api.get("/users").json<User>()).resolves.toEqualTypeOf<User>()
expectTypeOf(api<User>("/users", { responseType: "json", resolveBodyOnly: true })).resolves.toEqualTypeOf<User>()
expectTypeOf(withAuth(buffers, auth)("/users")).resolves.toHaveProperty("body").toEqualTypeOf<Uint8Array<ArrayBuffer>>()
expectTypeOf(withAuth(bodies, auth)<User>("/users", { responseType: "json" })).resolves.toEqualTypeOf<User>()
expectTypeOf(api.stream("/users")).toEqualTypeOf<Request>()
expectTypeOf(api.paginate<User>("/users")).toEqualTypeOf<AsyncIterableIterator<User>>()
expectTypeOf(api.paginate.all<User>("/users")).resolves.toEqualTypeOf<User[]>()

expectTypeOf(authHooks(auth)).toEqualTypeOf<AuthHooks>()
expectTypeOf<{ hooks: AuthHooks }>().toExtend<ExtendOptions>()

void got.get("https://api.example.com", { context: { countersign: auth } satisfies AuthContext })
void got.get("https://api.example.com", {
  context: { countersign: false, trace: 1 } satisfies AuthContext & { trace: 1 },
})
// @ts-expect-error: an auth, not a token
void got.get("https://api.example.com", { context: { countersign: "token" } satisfies AuthContext })
declare const customers: Map<string, Auth>
// @ts-expect-error: an auth, not what may be none
void got.get("https://api.example.com", { context: { countersign: customers.get("unknown") } satisfies AuthContext })
expectTypeOf(withAuth(got, false)).toEqualTypeOf<Got>()
expectTypeOf(authHooks(false)).toEqualTypeOf<AuthHooks>()
// @ts-expect-error: an auth, or false
withAuth(got, undefined)
// @ts-expect-error: host names, not URLs in an object
withAuth(got, auth, { hosts: new URL("https://api.example.com") })
