import ky, { type Hooks, type KyInstance } from "ky"
import { expectTypeOf } from "vitest"
import { type Auth, authHooks, withAuth } from "../src/index.ts"

declare const auth: Auth

expectTypeOf(withAuth(ky, auth)).toEqualTypeOf<KyInstance>()
expectTypeOf(withAuth(ky, auth, { hosts: ["*.example.com"], allowInsecure: true })).toEqualTypeOf<KyInstance>()
expectTypeOf(authHooks(auth)).toEqualTypeOf<Hooks>()
ky.create({ hooks: authHooks(auth) })

void ky.get("https://api.example.com", { countersign: auth })
void ky.get("https://api.example.com", { countersign: false, headers: { accept: "a/b" } })
// @ts-expect-error: an auth, not a token
void ky.get("https://api.example.com", { countersign: "token" })
