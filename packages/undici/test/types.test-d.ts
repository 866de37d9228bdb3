import { Agent, Client, type Dispatcher, fetch, MockAgent, Pool, ProxyAgent, request } from "undici"
import { expectTypeOf } from "vitest"
import { type Auth, type AuthDispatchOptions, authInterceptor, withAuth } from "../src/index.ts"

declare const auth: Auth

// An authenticated dispatcher keeps its type.
expectTypeOf(withAuth(new Agent(), auth)).toEqualTypeOf<Agent>()
expectTypeOf(withAuth(new Pool("https://api.example.com"), auth)).toEqualTypeOf<Pool>()
expectTypeOf(withAuth(new Pool("https://api.example.com"), auth).stats).toEqualTypeOf<Pool["stats"]>()
expectTypeOf(withAuth(new Client("https://api.example.com"), auth)).toEqualTypeOf<Client>()
expectTypeOf(withAuth(new ProxyAgent("http://proxy.example.com"), auth)).toEqualTypeOf<ProxyAgent>()
expectTypeOf(withAuth(new MockAgent(), auth).get("https://api.example.com").intercept).toBeFunction()
class OwnAgent extends Agent {
  readonly region = "ap-southeast-1"
}
expectTypeOf(withAuth(new OwnAgent(), auth, { hosts: ["*.example.com"] }).region).toBeString()
expectTypeOf(new Agent().compose(authInterceptor(auth))).toEqualTypeOf<Dispatcher.ComposedDispatcher>()
expectTypeOf(authInterceptor(auth)).toEqualTypeOf<Dispatcher.DispatcherComposeInterceptor>()

// Results are typed as before.
const dispatcher = withAuth(new Agent(), auth)
expectTypeOf(request("https://api.example.com", { dispatcher, opaque: 1 })).resolves.toEqualTypeOf<
  Dispatcher.ResponseData<number>
>()
expectTypeOf(dispatcher.request({ path: "/", method: "GET", opaque: "own" as const })).resolves.toEqualTypeOf<
  Dispatcher.ResponseData<"own">
>()
expectTypeOf(fetch("https://api.example.com", { dispatcher })).resolves.toHaveProperty("status")

const forCustomer: AuthDispatchOptions = { countersign: auth }
void request("https://api.example.com", { dispatcher, ...forCustomer })
void request("https://api.example.com", { dispatcher, ...({ countersign: false } satisfies AuthDispatchOptions) })
// @ts-expect-error: an auth, not a token
const wrong: AuthDispatchOptions = { countersign: "token" }
declare const customers: Map<string, Auth>
// @ts-expect-error: an auth, not what may be none
const none: AuthDispatchOptions = { countersign: customers.get("unknown") }
expectTypeOf(withAuth(new Agent(), false)).toEqualTypeOf<Agent>()
authInterceptor(false)
// @ts-expect-error: an auth, or false
withAuth(new Agent(), undefined)
void [wrong, none]
// @ts-expect-error: a dispatcher, not its options
withAuth({ connections: 1 }, auth)
