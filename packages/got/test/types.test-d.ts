import got, { type ExtendOptions, type Got } from "got"
import { expectTypeOf } from "vitest"
import { type Auth, type AuthContext, type AuthHooks, authHooks, withAuth } from "../src/index.ts"

declare const auth: Auth

expectTypeOf(withAuth(got, auth)).toEqualTypeOf<Got>()
const buffers = got.extend({ responseType: "buffer" })
expectTypeOf(withAuth(buffers, auth, { hosts: ["*.example.com"] })).toEqualTypeOf(buffers)

expectTypeOf(authHooks(auth)).toEqualTypeOf<AuthHooks>()
expectTypeOf<{ hooks: AuthHooks }>().toExtend<ExtendOptions>()

void got.get("https://api.example.com", { context: { countersign: auth } satisfies AuthContext })
void got.get("https://api.example.com", {
  context: { countersign: false, trace: 1 } satisfies AuthContext & { trace: 1 },
})
// @ts-expect-error: an auth, not a token
void got.get("https://api.example.com", { context: { countersign: "token" } satisfies AuthContext })
// @ts-expect-error: host names, not URLs in an object
withAuth(got, auth, { hosts: new URL("https://api.example.com") })
