export const CLIENTS = ["axios", "got", "ky", "fetch", "undici"] as const
export type Client = (typeof CLIENTS)[number]

/** How a program authenticates. */
export type SnippetAuth =
  | { readonly kind: "AK/SK"; readonly accessKeyId: string; readonly secretAccessKey: string }
  | { readonly kind: "token"; readonly user: string; readonly password: string; readonly domain: string }
  | {
      readonly kind: "agency"
      readonly user: string
      readonly password: string
      readonly domain: string
      readonly agency: string
      readonly customer: string
    }
  | { readonly kind: "AppKey"; readonly key: string; readonly secret: string }
  | { readonly kind: "AppCode"; readonly code: string }

/** A complete program that asks the emulator at `url` for the caller's balances; with an app, for an API of a customer. */
export function snippet(client: Client, auth: SnippetAuth, url: string): string {
  const { names, lines } = authCode(auth, url)
  const { imported, module, use } = CLIENT_CODE[client]
  const own = `import { ${[...names, imported].toSorted().join(", ")} } from "@countersign/${client}"`
  return [own, ...(module === undefined ? [] : [module]), "", ...lines, ...use(url, pathFor(auth)), ""].join("\n")
}

function authCode(auth: SnippetAuth, url: string): { names: string[]; lines: string[] } {
  switch (auth.kind) {
    case "AK/SK":
      return {
        names: ["akskAuth"],
        lines: [
          "const auth = akskAuth({",
          `  accessKeyId: ${quoted(auth.accessKeyId)},`,
          `  secretAccessKey: ${quoted(auth.secretAccessKey)},`,
          "})",
        ],
      }
    case "token":
      return {
        names: ["passwordToken", "tokenAuth"],
        lines: [...passwordCode("token", auth, url), "const auth = tokenAuth(token)"],
      }
    case "agency":
      return {
        names: ["agencyToken", "passwordToken", "tokenAuth"],
        lines: [
          ...passwordCode("partner", auth, url),
          "const token = agencyToken({",
          "  via: partner,",
          `  agency: ${quoted(auth.agency)},`,
          `  domain: ${quoted(auth.customer)},`,
          `  scope: { domain: ${quoted(auth.customer)} },`,
          "})",
          "const auth = tokenAuth(token)",
        ],
      }
    case "AppKey":
      return {
        names: ["appAuth"],
        lines: [`const auth = appAuth({ key: ${quoted(auth.key)}, secret: ${quoted(auth.secret)} })`],
      }
    case "AppCode":
      return { names: ["appCodeAuth"], lines: [`const auth = appCodeAuth(${quoted(auth.code)})`] }
  }
}

function passwordCode(
  name: string,
  { user, password, domain }: { user: string; password: string; domain: string },
  url: string,
): string[] {
  return [
    `const ${name} = passwordToken({`,
    `  iamEndpoint: ${quoted(url)},`,
    `  user: ${quoted(user)},`,
    `  password: ${quoted(password)},`,
    `  domain: ${quoted(domain)},`,
    `  scope: { domain: ${quoted(domain)} },`,
    "})",
  ]
}

interface ClientCode {
  readonly imported: string
  readonly module?: string
  use(url: string, path: string): string[]
}

function pathFor({ kind }: SnippetAuth): string {
  return kind.startsWith("App") ? "v1/orders" : "v2/accounts/customer-accounts/balances"
}

const CLIENT_CODE: Readonly<Record<Client, ClientCode>> = {
  axios: {
    imported: "withAuth",
    module: 'import axios from "axios"',
    use: (url, path) => [
      `const api = withAuth(axios.create({ baseURL: ${quoted(url)} }), auth)`,
      "",
      `const { data } = await api.get(${quoted(`/${path}`)})`,
      "console.log(data)",
    ],
  },
  got: {
    imported: "withAuth",
    module: 'import got from "got"',
    use: (url, path) => [
      `const api = withAuth(got.extend({ prefixUrl: ${quoted(url)} }), auth)`,
      "",
      `console.log(await api.get(${quoted(path)}).json())`,
    ],
  },
  ky: {
    imported: "withAuth",
    module: 'import ky from "ky"',
    use: (url, path) => [
      `const api = withAuth(ky.create({ prefix: ${quoted(url)} }), auth)`,
      "",
      `console.log(await api.get(${quoted(path)}).json())`,
    ],
  },
  fetch: {
    imported: "createFetch",
    use: (url, path) => [
      `const authFetch = createFetch(auth, { hosts: [${quoted(new URL(url).host)}] })`,
      "",
      `const response = await authFetch(${quoted(`${url}/${path}`)})`,
      "console.log(await response.json())",
    ],
  },
  undici: {
    imported: "withAuth",
    module: 'import { Agent, request } from "undici"',
    use: (url, path) => [
      `const dispatcher = withAuth(new Agent(), auth, { hosts: [${quoted(new URL(url).host)}] })`,
      "",
      `const { body } = await request(${quoted(`${url}/${path}`)}, { dispatcher })`,
      "console.log(await body.json())",
    ],
  },
}

function quoted(text: string): string {
  return JSON.stringify(text)
}
