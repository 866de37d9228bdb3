import { describe, expect, it } from "vitest"
import { type Answer, ask, askSigned, partnerToken, runningEmulator } from "../running-emulator.ts"

const CUSTOMERS = "/v2/partners/sub-customers/query"
const BALANCES = "/v2/accounts/customer-accounts/balances"
const ORDERS = "/v2/orders/customer-orders"

async function asPartner(path: string, body?: object): Promise<Answer> {
  const { url, accounts } = await runningEmulator()
  return askSigned(url + path, accounts.partner.user.credentials, body === undefined ? {} : { method: "POST", body })
}

async function asCustomer(path: string, body?: object): Promise<Answer> {
  const { url, accounts } = await runningEmulator()
  const key = accounts.customers[1].user.credentials
  return askSigned(url + path, key, body === undefined ? {} : { method: "POST", body })
}

const denied = { status: 403, body: { error_code: "CBC.0151" } }

describe("querying customers", () => {
  it("gives the partner all customers or a part", async () => {
    expect((await asPartner(CUSTOMERS, {})).body).toMatchObject({
      count: 3,
      customer_infos: [{ account_name: "customer-1-account" }, {}, {}],
    })
    expect((await asPartner(CUSTOMERS, { account_name: "er-2" })).body).toMatchObject({ count: 1 })
    expect((await asPartner(CUSTOMERS, { limit: 1, offset: 2 })).body).toMatchObject({
      count: 3,
      customer_infos: [{ account_name: "customer-3-account" }],
    })
    expect(await asCustomer(CUSTOMERS, {})).toMatchObject(denied)
  })

  it.each([{ limit: 0 }, { limit: 1_001 }, { offset: -1 }, { limit: "many" }])("refuses %o", async (body) => {
    expect(await asPartner(CUSTOMERS, body)).toMatchObject({ status: 400, body: { error_code: "CBC.0100" } })
  })

  it("accepts a token too", async () => {
    const emulator = await runningEmulator()
    const headers = { "x-auth-token": await partnerToken(emulator) }
    const answer = await ask(emulator.url + CUSTOMERS, { method: "POST", headers, body: {} })
    expect(answer.body).toMatchObject({ count: 3 })
  })
})

describe("querying the account balance", () => {
  it("shows each account its own", async () => {
    expect((await asCustomer(BALANCES)).body).toMatchObject({
      currency: "USD",
      account_balances: [
        { account_type: 1, amount: 3_752.25 },
        { account_type: 2, credit_amount: 5_000 },
      ],
    })
    expect((await asPartner(BALANCES)).body).toMatchObject({ account_balances: [{ amount: 1_250.75 }, {}] })
  })
})

describe("querying orders", () => {
  it("shows a customer its own orders, and the partner all orders", async () => {
    const { accounts } = await runningEmulator()
    const { id } = accounts.customers[1].domain
    expect((await asCustomer(ORDERS)).body).toMatchObject({
      total_count: 2,
      order_infos: [{ customer_id: id }, { customer_id: id }],
    })
    expect((await asPartner(ORDERS)).body).toMatchObject({ total_count: 6 })
    expect((await asPartner(`${ORDERS}?customer_id=${id}&limit=1`)).body).toMatchObject({
      total_count: 2,
      order_infos: [{ customer_id: id }],
    })
    expect((await asCustomer(`${ORDERS}?customer_id=${accounts.customers[0].domain.id}`)).body).toMatchObject({
      total_count: 0,
      order_infos: [],
    })
  })
})
