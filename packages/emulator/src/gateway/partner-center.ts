import { textAt } from "@countersign/auth-core/adapter"
import { parseObject } from "../iam/json.ts"
import { type GatewayRefusal, gatewayError } from "../refusal.ts"
import type { Account, Customer } from "../state/accounts.ts"
import type { World } from "../state/world.ts"
import type { GatewayBody } from "./read-body.ts"

interface Question {
  readonly query: URLSearchParams
  readonly body: GatewayBody
}

/** A route of Partner Center, with sample data. */
export interface PartnerCenterRoute {
  readonly method: "GET" | "POST"
  readonly path: string
  answer(world: World, caller: Account, question: Question): object | GatewayRefusal
}

/**
 * Some of Partner Center's APIs, each with those who may call it.
 *
 * @see Partner Center API reference: "Querying Customers", "Querying the Account Balance", "Querying Orders", "Error Codes"
 */
export const partnerCenter: readonly PartnerCenterRoute[] = [
  {
    method: "POST",
    path: "/v2/partners/sub-customers/query",
    answer({ accounts: { partner, customers } }, caller, { body }) {
      if (caller !== partner) return denied()
      const asked = parseObject(new TextDecoder().decode(body.content))
      const wanted = textAt(asked, "customer_id")
      const part = textAt(asked, "account_name") ?? ""
      const found = customers.filter(
        ({ domain }) => (wanted === undefined || domain.id === wanted) && domain.name.includes(part),
      )
      return page(
        found.map(customerInfo),
        Reflect.get(asked ?? {}, "offset"),
        Reflect.get(asked ?? {}, "limit"),
        (items) => ({
          count: found.length,
          customer_infos: items,
        }),
      )
    },
  },
  {
    method: "GET",
    path: "/v2/accounts/customer-accounts/balances",
    // The caller is the customer here, even if it is the partner.
    answer({ accounts: { customers } }, caller) {
      const number = customers.findIndex(({ domain }) => domain.id === caller.domain.id) + 1
      return { account_balances: balancesOf(caller, number), debt_amount: 0, measure_id: 1, currency: "USD" }
    },
  },
  {
    method: "GET",
    path: "/v2/orders/customer-orders",
    answer({ accounts: { partner, customers } }, caller, { query }) {
      const wanted = query.get("customer_id") || undefined
      const orders = customers
        .map(ordersOf)
        .filter((_, index) => caller === partner || customers[index] === caller)
        .flat()
        .filter(({ customer_id }) => wanted === undefined || customer_id === wanted)
        .filter(({ order_id }) => !query.get("order_id") || order_id === query.get("order_id"))
      return page(orders, query.get("offset"), query.get("limit"), (items) => ({
        total_count: orders.length,
        order_infos: items,
      }))
    },
  },
]

/** Whether Partner Center has the path, with whatever method. */
export function isPartnerCenter(path: string): boolean {
  return partnerCenter.some((route) => route.path === path)
}

function denied(): GatewayRefusal {
  return gatewayError(403, "CBC.0151", "user access denied.")
}

/** `offset` from 0, by default 0; `limit` 1 to 1,000, by default 10. */
function page<T>(
  items: readonly T[],
  offset: unknown,
  limit: unknown,
  answer: (items: readonly T[]) => object,
): object | GatewayRefusal {
  const from = Number(offset ?? 0)
  const most = Number(limit ?? 10)
  if (!Number.isInteger(from) || from < 0 || !Number.isInteger(most) || most < 1 || most > 1_000)
    return gatewayError(400, "CBC.0100", "Parameter error: offset or limit.")
  return answer(items.slice(from, from + most))
}

function customerInfo({ domain }: Customer, index: number): object {
  return {
    customer: domain.name,
    account_name: domain.name,
    customer_id: domain.id,
    associated_on: new Date(Date.UTC(2026, index, 15, 8)).toISOString().replace(".000", ""),
    association_type: "1",
    label: "",
    telephone: "",
    verified_status: "2",
    country_code: "",
    customer_type: index === 0 ? 1 : 0,
    is_frozen: 0,
    account_managers: [],
    xaccount_id: "",
    xaccount_type: "",
    customer_level: "V0",
  }
}

function balancesOf({ domain }: Account, number: number): object[] {
  const common = { currency: "USD", designated_amount: 0, measure_id: 1 }
  return [
    {
      account_id: `balance-${domain.id}`,
      account_type: 1,
      amount: 1_250.75 * (number + 1),
      credit_amount: 0,
      ...common,
    },
    { account_id: `credit-${domain.id}`, account_type: 2, amount: 0, credit_amount: 5_000, ...common },
  ]
}

function ordersOf({ domain }: Customer, index: number): { order_id: string; customer_id: string }[] {
  return ["hws.service.type.ec2", "hws.service.type.obs"].map((service_type_code, order) => ({
    order_id: `CS26110${index + 1}000${order + 1}`,
    customer_id: domain.id,
    service_type_code,
    source_type: 1,
    status: 5,
    order_type: 1,
    amount_after_discount: order === 0 ? 86.4 : 12,
    official_amount: order === 0 ? 96 : 12,
    measure_id: 1,
    currency: "USD",
    create_time: `2026-11-0${order + 1}T09:30:00Z`,
    user_name: `${domain.name}-admin`,
  }))
}
