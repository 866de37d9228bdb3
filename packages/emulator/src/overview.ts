import type { Emulator } from "./start-emulator.ts"
import type { App, Named, User } from "./state/accounts.ts"

/** A readable summary: the emulator's URLs, and the accounts to authenticate with. */
export function overview(
  { url, podUrl, accounts }: Pick<Emulator, "url" | "podUrl" | "accounts">,
  ui: boolean,
): string {
  const { partner, customers, identityProvider, machine } = accounts
  const rows: [string, string][] = [
    ["listening on", url],
    [
      "",
      "IAM, STS and the metadata service answer there; every other path is the gateway, which checks each token, signature and AppCode",
    ],
    ...(ui ? [["live view", `${url}/-/`] satisfies [string, string]] : []),
    ["", ""],
    ["partner account", labelled(partner.domain)],
    ...userRows(partner.user, "may act for customers"),
    ...userRows(partner.plainUser, "may not"),
    ...userRows(partner.mfaUser, `needs a code: virtual MFA secret ${partner.mfaUser.mfa?.secret}`),
    ...appRows(partner.app, "may call every API"),
    ...appRows(partner.unauthorizedApp, "may call no API"),
    ["  projects", partner.projects.map(labelled).join(", ")],
    ...customers.flatMap(({ domain, agency, user, app }): [string, string][] => [
      ["", ""],
      ["customer account", labelled(domain)],
      ["  agency", `${agency.name}, for the partner; for STS ${agency.urn}`],
      ...userRows(user),
      ...appRows(app),
    ]),
    ["", ""],
    ["identity provider", `${identityProvider.id}, id token for the next hour ${identityProvider.idToken}`],
    ["pod identity", `${podUrl}, token ${machine.podToken}`],
  ]
  return rows.map(([name, value]) => `${name.padEnd(20)}${value}`.trimEnd()).join("\n")
}

function userRows({ name, password, credentials }: User, remark?: string): [string, string][] {
  return [
    ["  user", `${name}, password ${password}${remark === undefined ? "" : `, ${remark}`}`],
    ["  AK, SK", `${credentials.accessKeyId}, ${credentials.secretAccessKey}`],
  ]
}

function appRows({ name, key, secret, code }: App, remark?: string): [string, string][] {
  return [
    ["  app", remark === undefined ? name : `${name}, ${remark}`],
    ["  AppKey, AppSecret", `${key}, ${secret}`],
    ["  AppCode", code],
  ]
}

function labelled({ id, name }: Named): string {
  return `${name} (${id})`
}
