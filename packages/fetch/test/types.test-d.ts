import { expectTypeOf } from "vitest"
import { type Auth, type AuthFetch, type AuthRequestInit, createFetch, withAuth } from "../src/index.ts"

declare const auth: Auth

expectTypeOf(createFetch(auth)).toEqualTypeOf<AuthFetch>()
expectTypeOf(createFetch(auth)).toExtend<typeof fetch>()
expectTypeOf(withAuth(fetch, auth)).toExtend<typeof fetch>()
expectTypeOf<RequestInit>().toExtend<AuthRequestInit>()

void createFetch(auth)("https://api.example.com", { auth: false, method: "POST" })
void withAuth(fetch, auth)("https://api.example.com", { auth })
// @ts-expect-error: an auth, not a token
void createFetch(auth)("https://api.example.com", { auth: "token" })
// @ts-expect-error: the bare fetch knows no auth
void fetch("https://api.example.com", { auth })
