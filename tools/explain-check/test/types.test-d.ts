import { type Explanation, explain } from "@countersign/auth-core/explain"
import type { AxiosError } from "axios"
import type { HTTPError as GotError } from "got"
import type { HTTPError as KyError } from "ky"
import type { Dispatcher, errors } from "undici"
import { expectTypeOf } from "vitest"

declare const fromAxios: AxiosError
declare const fromGot: GotError
declare const fromKy: KyError
declare const fromUndici: Dispatcher.ResponseData
declare const thrownByUndici: errors.ResponseError

expectTypeOf(explain(fromGot)).toEqualTypeOf<Explanation>()
expectTypeOf(explain(thrownByUndici)).toEqualTypeOf<Explanation>()
expectTypeOf(explain(fromKy)).toEqualTypeOf<Promise<Explanation>>()
expectTypeOf(explain(fromUndici)).toEqualTypeOf<Promise<Explanation>>()
// Its body may be a Blob, by `responseType`.
expectTypeOf(explain(fromAxios)).toEqualTypeOf<Explanation | Promise<Explanation>>()
