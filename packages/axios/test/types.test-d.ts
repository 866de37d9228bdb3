import axios, {
  type AxiosError,
  type AxiosInstance,
  type AxiosRequestConfig,
  type AxiosResponse,
  type AxiosStatic,
  type InternalAxiosRequestConfig,
} from "axios"
import { expectTypeOf } from "vitest"
import { type Auth, type AuthInterceptor, authInterceptor, withAuth } from "../src/index.ts"

declare const auth: Auth

interface User {
  id: string
}
interface Search {
  query: string
}

// An instance keeps its type.
expectTypeOf(withAuth(axios.create(), auth)).toEqualTypeOf<AxiosInstance>()
expectTypeOf(withAuth(axios, auth, { hosts: ["*.example.com"], allowInsecure: true })).toEqualTypeOf<AxiosStatic>()
expectTypeOf(withAuth(axios, auth).create()).toEqualTypeOf<AxiosInstance>()
interface UserApi extends AxiosInstance {
  users(): Promise<User[]>
}
declare const userApi: UserApi
expectTypeOf(withAuth(userApi, auth)).toEqualTypeOf<UserApi>()
const assigned = withAuth(Object.assign(axios.create(), { region: "eu-west-1" } as const), auth)
expectTypeOf(assigned.region).toEqualTypeOf<"eu-west-1">()

// So do the results of its methods.
const api = withAuth(axios.create(), auth)
expectTypeOf(api.get<User>("/users/1")).toEqualTypeOf<Promise<AxiosResponse<User>>>()
expectTypeOf(api.get("/users/1")).resolves.toHaveProperty("data").toBeAny()
expectTypeOf(api<User>({ url: "/users/1" })).toEqualTypeOf<Promise<AxiosResponse<User>>>()
expectTypeOf(api.request<User, User>({ url: "/users/1" })).toEqualTypeOf<Promise<User>>()
expectTypeOf(api.post<User, AxiosResponse<User>, User>("/users", { id: "1" })).resolves.toEqualTypeOf<
  AxiosResponse<User>
>()
const search: AxiosRequestConfig<User, Search> = { params: { query: "a" } }
expectTypeOf(api.get("/users", search)).resolves.toHaveProperty("config").toExtend<{ params?: Search }>()
api.interceptors.request.use((config) => {
  expectTypeOf(config).toEqualTypeOf<InternalAxiosRequestConfig>()
  return config
})
declare const failed: unknown
if (axios.isAxiosError<User>(failed)) expectTypeOf(failed).toEqualTypeOf<AxiosError<User>>()

expectTypeOf(authInterceptor(auth)).toEqualTypeOf<AuthInterceptor>()
axios.interceptors.request.use(authInterceptor(auth), null, { synchronous: true })

// The key of a request is typed in every form of request.
void api.get("https://api.example.com", { countersign: auth })
void api.post<User>("https://api.example.com", { a: 1 }, { countersign: false, timeout: 1_000 })
void api.request({ countersign: auth, url: "/" })
void axios.create({ countersign: false })
// @ts-expect-error: an auth, not a token
void api.get("https://api.example.com", { countersign: "token" })
declare const customers: Map<string, Auth>
// @ts-expect-error: an auth, not what may be none
void api.get("https://api.example.com", { countersign: customers.get("unknown") })
expectTypeOf(withAuth(axios.create(), false)).toEqualTypeOf<AxiosInstance>()
expectTypeOf(authInterceptor(false)).toEqualTypeOf<AuthInterceptor>()
// @ts-expect-error: an auth, or false
withAuth(axios, undefined)
// @ts-expect-error: host names, not one text
withAuth(axios, auth, { hosts: "api.example.com" })
// @ts-expect-error: an instance of axios
withAuth(fetch, auth)
