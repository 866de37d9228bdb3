import ky, { type Hooks, type KyInstance, type KyResponse, type ResponsePromise } from "ky"
import { expectTypeOf } from "vitest"
import { type Auth, authHooks, withAuth } from "../src/index.ts"

declare const auth: Auth

expectTypeOf(withAuth(ky, auth)).toEqualTypeOf<KyInstance>()
expectTypeOf(withAuth(ky, auth, { hosts: ["*.example.com"], allowInsecure: true })).toEqualTypeOf<KyInstance>()
expectTypeOf(authHooks(auth)).toEqualTypeOf<Hooks>()
ky.create({ hooks: authHooks(auth) })

// An instance keeps its type.
expectTypeOf(withAuth(ky.create({ prefix: "https://api.example.com" }), auth)).toEqualTypeOf<KyInstance>()
expectTypeOf(withAuth(ky, auth).extend({ timeout: false })).toEqualTypeOf<KyInstance>()

// Results are typed as before.
interface User {
  name: string
}
const authenticated = withAuth(ky, auth)
expectTypeOf(authenticated.get<User>("users/1")).toEqualTypeOf<ResponsePromise<User>>()
expectTypeOf(authenticated.get<User>("users/1").json()).resolves.toEqualTypeOf<User>()
expectTypeOf(authenticated("users/1").json<User>()).resolves.toEqualTypeOf<User>()
expectTypeOf(authenticated("users/1").json()).resolves.toBeUnknown()
expectTypeOf(authenticated.post<User>("users")).resolves.toEqualTypeOf<KyResponse<User>>()
expectTypeOf(authenticated.stop).toEqualTypeOf<typeof ky.stop>()

void authenticated.get("https://api.example.com", { countersign: auth })
void authenticated.get("https://api.example.com", { countersign: false, headers: { accept: "a/b" } })
// @ts-expect-error: an auth, not a token
void authenticated.get("https://api.example.com", { countersign: "token" })
declare const customers: Map<string, Auth>
// @ts-expect-error: an auth, not what may be none
void authenticated.get("https://api.example.com", { countersign: customers.get("unknown") })
expectTypeOf(withAuth(ky, false)).toEqualTypeOf<KyInstance>()
expectTypeOf(authHooks(false)).toEqualTypeOf<Hooks>()
// @ts-expect-error: an auth, or false
withAuth(ky, undefined)
