import type { Identity } from "@countersign/express"
import type { Request } from "express"
import { expectTypeOf } from "vitest"

interface Customer {
  tenant: string
}

declare module "@countersign/express" {
  interface Register {
    owner: Customer
  }
}

expectTypeOf<Request["auth"]>().toEqualTypeOf<Identity<Customer> | undefined>()
