import { expect, it } from "vitest"
import { type Customer, sampleAccounts } from "../../src/state/accounts.ts"

it("are the same at every start, with unique ids and keys", () => {
  const now = (): number => 0
  const { partner, customers, identityProvider } = sampleAccounts(now)
  expect(sampleAccounts(now)).toMatchObject({ partner, customers, identityProvider, machine: expect.anything() })
  const accounts = [partner, ...customers]
  const ids = accounts.flatMap(({ domain, users, agencies, projects }) =>
    [domain, ...users, ...agencies, ...projects].map(({ id }) => id),
  )
  const apps = accounts.flatMap((account) => account.apps)
  const secrets = apps.flatMap(({ id, key, secret, code }) => [id, key, secret, code])
  expect(new Set([...ids, ...secrets]).size).toBe(ids.length + secrets.length)
  for (const { key, secret, code } of apps)
    expect([key, secret, code].map(({ length }) => length)).toEqual([32, 32, 64])
  const keys = accounts.flatMap(({ users }) => users.map(({ credentials }) => credentials))
  expect(new Set(ids).size).toBe(ids.length)
  expect(new Set(keys.flatMap((key) => [key.accessKeyId, key.secretAccessKey])).size).toBe(keys.length * 2)
  for (const id of ids) expect(id).toMatch(/^[0-9a-f]{32}$/)
  for (const { accessKeyId, secretAccessKey } of keys) {
    expect(accessKeyId).toMatch(/^[A-Z0-9]{20}$/)
    expect(secretAccessKey).toHaveLength(40)
  }
})

it("gives customers without a name the next free number", () => {
  const added: Customer[] = []
  const accounts = sampleAccounts(
    () => 0,
    (customer) => added.push(customer),
  )
  accounts.addCustomer({ name: "customer-5" })
  const names = [accounts.addCustomer(), accounts.addCustomer()].map(({ domain }) => domain.name)
  expect(names).toEqual(["customer-6-account", "customer-7-account"])
  expect(accounts.customers.slice(3)).toEqual(added)
  expect(() => accounts.addCustomer({ name: "customer-5" })).toThrow("There is an account customer-5-account already.")
})

it.each([["acme"], [null], [{ name: 5 }], [{ name: "" }], [{ name: "a name" }]])("adds no customer %j", (customer) => {
  const accounts = sampleAccounts(() => 0)
  expect(() => accounts.addCustomer(customer as never)).toThrow(
    expect.objectContaining({ name: "AuthError", code: "AUTH_INVALID_OPTION" }),
  )
  expect(accounts.customers).toHaveLength(3)
})

it("names account, user and app after the customer", () => {
  const { domain, user, app, agency } = sampleAccounts(() => 0).addCustomer({ name: "acme" })
  const names = [domain, user, app, agency].map(({ name }) => name)
  expect(names).toEqual(["acme-account", "acme-admin", "acme-app", "partner-agency"])
})
