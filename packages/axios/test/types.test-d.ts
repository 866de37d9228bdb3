import axios, { type AxiosInstance, type AxiosStatic } from "axios"
import { expectTypeOf } from "vitest"
import { type Auth, type AuthInterceptor, authInterceptor, withAuth } from "../src/index.ts"

declare const auth: Auth

expectTypeOf(withAuth(axios.create(), auth)).toEqualTypeOf<AxiosInstance>()
expectTypeOf(withAuth(axios, auth, { hosts: ["*.example.com"], allowInsecure: true })).toEqualTypeOf<AxiosStatic>()
expectTypeOf(authInterceptor(auth)).toEqualTypeOf<AuthInterceptor>()
axios.interceptors.request.use(authInterceptor(auth), null, { synchronous: true })

void axios.get("https://api.example.com", { countersign: auth })
void axios.post<{ id: string }>("https://api.example.com", { a: 1 }, { countersign: false, timeout: 1_000 })
void axios.create({ countersign: undefined })
// @ts-expect-error: an auth, not a token
void axios.get("https://api.example.com", { countersign: "token" })
// @ts-expect-error: host names, not one text
withAuth(axios, auth, { hosts: "api.example.com" })
// @ts-expect-error: an instance of axios
withAuth(fetch, auth)
