import { expectTypeOf } from "vitest"
import { akskAuth } from "../../src/auth/aksk-auth.ts"
import type { Auth } from "../../src/auth/auth.ts"
import type { AuthError } from "../../src/errors/auth-error.ts"
import { type Cause, type Explanation, explain, explainable, type RefusedRequests } from "../../src/explain.ts"

declare const response: Response
declare const plain: { status: number; body: string }
declare const anything: ReturnType<typeof JSON.parse>
declare const authError: AuthError
declare const unknownError: unknown
declare const fromGot: { response: { statusCode: number; headers: Record<string, string>; body: unknown } }
declare const fromKy: { response: Response; data: unknown }
declare const fromUndici: { statusCode: number; headers: Record<string, string>; body: { text(): Promise<string> } }

// A body in memory is explained at once.
expectTypeOf(explain({ status: 401 })).toEqualTypeOf<Explanation>()
expectTypeOf(explain({ status: 401, headers: { date: "" }, body: new Uint8Array() })).toEqualTypeOf<Explanation>()
expectTypeOf(explain(plain)).toEqualTypeOf<Explanation>()
expectTypeOf(explain("verify aksk signature fail")).toEqualTypeOf<Explanation>()
expectTypeOf(explain(authError)).toEqualTypeOf<Explanation>()
expectTypeOf(explain(fromGot)).toEqualTypeOf<Explanation>()

// A body that has to be read gives a promise.
expectTypeOf(explain(response)).toEqualTypeOf<Promise<Explanation>>()
expectTypeOf(explain(fromKy)).toEqualTypeOf<Promise<Explanation>>()
expectTypeOf(explain(fromUndici)).toEqualTypeOf<Promise<Explanation>>()

// `await` works for the value of a catch clause.
expectTypeOf(explain(unknownError)).toEqualTypeOf<Explanation | Promise<Explanation>>()
expectTypeOf(explain(anything)).toEqualTypeOf<Explanation | Promise<Explanation>>()
expectTypeOf(Promise.resolve(explain(unknownError))).resolves.toEqualTypeOf<Explanation>()

// The causes are a closed list.
expectTypeOf<"path-encoded-twice">().toExtend<Cause>()
expectTypeOf<string>().not.toExtend<Cause>()
expectTypeOf(explain({ status: 401 }).cause).toEqualTypeOf<Cause>()

// An auth keeps its type.
const auth = explainable(akskAuth({ accessKeyId: "sample-ak", secretAccessKey: "sample-sk" }))
expectTypeOf(auth).toExtend<Auth & RefusedRequests>()
expectTypeOf(auth.reset).toBeFunction()
explain({ status: 401 }, { auth })
// @ts-expect-error an auth that keeps nothing
explain({ status: 401 }, { auth: akskAuth({ accessKeyId: "sample-ak", secretAccessKey: "sample-sk" }) })
