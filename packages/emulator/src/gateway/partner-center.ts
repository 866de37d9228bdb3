import type { Account } from "../state/accounts.ts"
import type { World } from "../state/world.ts"

/** A route of Partner Center, with sample data. */
export interface PartnerCenterRoute {
  readonly method: "GET" | "POST"
  readonly path: string
  answer(world: World, caller: Account): object
}

/**
 * A handful of Partner Center's APIs.
 *
 * @see Partner Center API reference: "Querying Customers", "Querying Account Balances", "Querying Orders"
 */
export const partnerCenterRoutes: readonly PartnerCenterRoute[] = [
  {
    method: "POST",
    path: "/v2/partners/sub-customers/query",
    answer: ({ accounts }) => ({
      count: accounts.customers.length,
      customer_infos: accounts.customers.map(({ domain }, index) => ({
        customer: domain.name,
        account_name: domain.name,
        customer_id: domain.id,
        domain_name: domain.name,
        associated_on: `2026-0${index + 1}-15T08:00:00Z`,
        association_type: "1",
        customer_type: index === 0 ? 1 : 0,
        tag: "",
      })),
    }),
  },
  {
    method: "GET",
    path: "/v2/accounts/customer-accounts/balances",
    answer: (_, caller) => ({
      account_balances: [
        {
          account_id: `balance-${caller.domain.id}`,
          account_type: 1,
          amount: 1_250.75,
          currency: "USD",
          designated_amount: 0,
          credit_amount: 0,
          measure_id: 1,
        },
        {
          account_id: `credit-${caller.domain.id}`,
          account_type: 2,
          amount: 0,
          currency: "USD",
          designated_amount: 0,
          credit_amount: 5_000,
          measure_id: 1,
        },
      ],
      debt_amount: 0,
      measure_id: 1,
      currency: "USD",
    }),
  },
  {
    method: "GET",
    path: "/v2/orders/customer-orders",
    answer: (_, caller) => ({
      total_count: 2,
      order_infos: ["CS2611230001", "CS2611230002"].map((order_id, index) => ({
        order_id,
        customer_id: caller.domain.id,
        service_type_code: index === 0 ? "hws.service.type.ec2" : "hws.service.type.obs",
        source_type: 1,
        status: 5,
        order_type: 1,
        amount_after_discount: index === 0 ? 86.4 : 12,
        currency: "USD",
        create_time: `2026-11-0${index + 1}T09:30:00Z`,
      })),
    }),
  },
]
