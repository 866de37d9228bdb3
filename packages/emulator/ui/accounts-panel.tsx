import { useEffect, useState } from "preact/hooks"
import type { Account, Accounts, App, User } from "../src/index.ts"
import { act } from "./announce.ts"
import { call } from "./api.ts"
import { CopyButton } from "./copy-button.tsx"
import { state } from "./live.ts"
import { CLIENTS, type Client, type SnippetAuth, snippet } from "./snippets.ts"

type AccountsBody = Omit<Accounts, "addCustomer"> & { readonly url: string }

/** The accounts to authenticate with, and programs that do so. */
export function AccountsPanel() {
  const [accounts, setAccounts] = useState<AccountsBody | undefined>(undefined)
  const customers = state.value?.customers
  useEffect(() => {
    call<AccountsBody>("GET", "accounts").then(setAccounts, () => undefined)
  }, [customers])
  if (accounts === undefined) return null
  return (
    <div class="page">
      <Snippets accounts={accounts} />
      <AddCustomer />
      <AccountCard title="Partner" account={accounts.partner} />
      {accounts.customers.map((customer) => (
        <AccountCard key={customer.domain.id} title="Customer" account={customer} />
      ))}
    </div>
  )
}

/** A way to authenticate, with its name in the choice. */
interface Choice {
  readonly name: string
  readonly auth: SnippetAuth
}

function choicesOf({ partner, customers }: AccountsBody): Choice[] {
  const users = [partner, ...customers].flatMap(({ domain, users }) => users.map((user) => ({ user, domain })))
  const usable = users.filter(({ user }) => user.disabled !== true)
  const { name: operator, password } = partner.user
  return [
    ...usable.map(
      ({ user }): Choice => ({ name: `AK/SK of ${user.name}`, auth: { kind: "AK/SK", ...user.credentials } }),
    ),
    ...usable
      .filter(({ user }) => user.consoleOnly !== true && user.mfa === undefined)
      .map(({ user, domain }): Choice => {
        const auth = { kind: "token", user: user.name, password: user.password, domain: domain.name } as const
        return { name: `Token of ${user.name}`, auth }
      }),
    ...customers.map(({ domain, agency }): Choice => {
      const auth = {
        kind: "agency",
        user: operator,
        password,
        domain: partner.domain.name,
        agency: agency.name,
        customer: domain.name,
      } as const
      return { name: `Partner for ${domain.name}, by agency`, auth }
    }),
    ...[partner, ...customers].flatMap(({ app: { name, key, secret, code } }): Choice[] => [
      { name: `AppKey of ${name}`, auth: { kind: "AppKey", key, secret } },
      { name: `AppCode of ${name}`, auth: { kind: "AppCode", code } },
    ]),
  ]
}

function Snippets({ accounts }: { accounts: AccountsBody }) {
  const choices = choicesOf(accounts)
  const [client, setClient] = useState<Client>("axios")
  const [name, setName] = useState("")
  const choice = choices.find((each) => each.name === name) ?? choices[0]
  if (choice === undefined) return null
  const code = snippet(client, choice.auth, accounts.url)
  return (
    <section aria-labelledby="snippets-heading">
      <h2 id="snippets-heading">Ready to run</h2>
      <div class="toolbar">
        <label>
          Client{" "}
          <select
            value={client}
            onChange={({ currentTarget }) => setClient(CLIENTS.find((each) => each === currentTarget.value) ?? "axios")}
          >
            {CLIENTS.map((each) => (
              <option key={each}>{each}</option>
            ))}
          </select>
        </label>
        <label>
          Who{" "}
          <select value={choice.name} onChange={({ currentTarget }) => setName(currentTarget.value)}>
            {choices.map((each) => (
              <option key={each.name}>{each.name}</option>
            ))}
          </select>
        </label>
        <CopyButton name="program" text={code} />
      </div>
      <pre>{code}</pre>
    </section>
  )
}

function AddCustomer() {
  const [name, setName] = useState("")
  return (
    <form
      class="toolbar"
      onSubmit={(event) => {
        event.preventDefault()
        act(async () => {
          await call("POST", "customers", name === "" ? {} : { name })
          setName("")
        }, "The customer is there.")
      }}
    >
      <label>
        New customer{" "}
        <input
          value={name}
          placeholder="name, or nothing"
          autocomplete="off"
          onInput={({ currentTarget }) => setName(currentTarget.value)}
        />
      </label>
      <button type="submit">Add customer</button>
    </form>
  )
}

function AccountCard({
  title,
  account: { domain, projects, users, agencies, apps },
}: {
  title: string
  account: Account
}) {
  return (
    <section class="card" aria-label={`${title} ${domain.name}`}>
      <h2>
        {title} <span class="name">{domain.name}</span>
      </h2>
      <ul class="values">
        <Value name="account id" text={domain.id} of={domain.name} />
        {projects.map((project) => (
          <Value key={project.id} name={`project ${project.name}`} text={project.id} of={domain.name} />
        ))}
        {agencies.map((agency) => (
          <Value key={agency.id} name={`agency for ${agency.trustedDomain.name}`} text={agency.name} of={domain.name} />
        ))}
      </ul>
      {users.map((user) => (
        <UserValues key={user.id} user={user} />
      ))}
      {apps.map((app) => (
        <AppValues key={app.id} app={app} />
      ))}
    </section>
  )
}

function UserValues({ user }: { user: User }) {
  const { id, name, password, credentials, mfa } = user
  return (
    <>
      <h3>
        {name} <span class="remark">{remarksOf(user)}</span>
      </h3>
      <ul class="values">
        <Value name="user id" text={id} of={name} />
        <Value name="password" text={password} of={name} />
        <Value name="AK" text={credentials.accessKeyId} of={name} />
        <Value name="SK" text={credentials.secretAccessKey} of={name} />
        {mfa !== undefined && <Value name="MFA secret" text={mfa.secret} of={name} />}
      </ul>
    </>
  )
}

function AppValues({ app: { name, key, secret, code, unauthorized } }: { app: App }) {
  return (
    <>
      <h3>
        {name} <span class="remark">app of API Gateway{unauthorized === true ? ", may call no API" : ""}</span>
      </h3>
      <ul class="values">
        <Value name="AppKey" text={key} of={name} />
        <Value name="AppSecret" text={secret} of={name} />
        <Value name="AppCode" text={code} of={name} />
      </ul>
    </>
  )
}

function remarksOf({ agentOperator, consoleOnly, disabled, mfa }: User): string {
  const remarks = [
    agentOperator === true && "may act for customers",
    consoleOnly === true && "console only",
    disabled === true && "disabled at the start",
    mfa !== undefined && "needs a code of its MFA device",
  ]
  return remarks.filter((remark) => remark !== false).join(", ")
}

function Value({ name, text, of }: { name: string; text: string; of: string }) {
  return (
    <li>
      <span class="label">{name}</span> <code>{text}</code> <CopyButton name={`${name} of ${of}`} text={text} />
    </li>
  )
}
