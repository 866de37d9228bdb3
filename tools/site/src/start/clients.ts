import type { Way } from "./ways.ts"

/** How a program is run. Its fence says it: `ts run=deno`. */
type Run = "node" | "deno" | "bun" | "commonjs" | "server" | "route" | "worker" | "jest" | "page" | "decorators"

/** An HTTP client, framework or runtime, as a program that asks for the caller's balances. */
export interface StartClient {
  readonly id: string
  readonly title: string
  /** The packages to install. */
  readonly install: string
  readonly run: Run
  /** A fact that a reader needs before he copies. */
  readonly note?: string
  /** Whether the way works there. */
  allows?(way: Way): boolean
  program(way: Way): string
}

const ORIGIN = "https://bss-intl.myhuaweicloud.com"
const PATH = "/v2/accounts/customer-accounts/balances"

interface Code {
  /** The package of Countersign, and what else the program imports from it. */
  readonly own: string
  readonly names: readonly string[]
  /** Other imports, whole lines. */
  readonly imports?: readonly string[]
  readonly use: readonly string[]
}

function moduleProgram(way: Way, { own, names, imports = [], use }: Code): string {
  const all = [...way.names, ...names].toSorted((a, b) => a.localeCompare(b, "en"))
  return [`import { ${all.join(", ")} } from "@countersign/${own}"`, ...imports, "", ...way.lines, ...use, ""].join(
    "\n",
  )
}

const authFetch = "const authFetch = createFetch(auth)"
const printsBalances = [
  `const response = await authFetch("${ORIGIN}${PATH}")`,
  "console.log(response.status, await response.json())",
]

export const CLIENTS: readonly StartClient[] = [
  {
    id: "axios",
    title: "axios",
    install: "@countersign/axios axios",
    run: "node",
    program: (way) =>
      moduleProgram(way, {
        own: "axios",
        names: ["withAuth"],
        imports: ['import axios from "axios"'],
        use: [
          `const api = withAuth(axios.create({ baseURL: "${ORIGIN}" }), auth)`,
          "",
          `const { data } = await api.get("${PATH}")`,
          "console.log(data)",
        ],
      }),
  },
  {
    id: "got",
    title: "got",
    install: "@countersign/got got",
    run: "node",
    program: (way) =>
      moduleProgram(way, {
        own: "got",
        names: ["withAuth"],
        imports: ['import got from "got"'],
        use: [
          `const api = withAuth(got.extend({ prefixUrl: "${ORIGIN}" }), auth)`,
          "",
          `console.log(await api.get("${PATH.slice(1)}").json())`,
        ],
      }),
  },
  {
    id: "ky",
    title: "ky",
    install: "@countersign/ky ky",
    run: "node",
    program: (way) =>
      moduleProgram(way, {
        own: "ky",
        names: ["withAuth"],
        imports: ['import ky from "ky"'],
        use: [
          `const api = withAuth(ky.create({ prefix: "${ORIGIN}" }), auth)`,
          "",
          `console.log(await api.get("${PATH.slice(1)}").json())`,
        ],
      }),
  },
  {
    id: "fetch",
    title: "fetch",
    install: "@countersign/fetch",
    run: "node",
    program: (way) =>
      moduleProgram(way, { own: "fetch", names: ["createFetch"], use: [authFetch, "", ...printsBalances] }),
  },
  {
    id: "undici",
    title: "undici",
    install: "@countersign/undici undici",
    run: "node",
    program: (way) =>
      moduleProgram(way, {
        own: "undici",
        names: ["withAuth"],
        imports: ['import { EnvHttpProxyAgent, request } from "undici"'],
        use: [
          "const dispatcher = withAuth(new EnvHttpProxyAgent(), auth)",
          "",
          `const { statusCode, body } = await request("${ORIGIN}${PATH}", { dispatcher })`,
          "console.log(statusCode, await body.json())",
        ],
      }),
  },
  {
    id: "ofetch",
    title: "ofetch",
    install: "@countersign/fetch ofetch",
    run: "node",
    program: (way) =>
      moduleProgram(way, {
        own: "fetch",
        names: ["createFetch"],
        imports: ['import { createFetch as createOfetch } from "ofetch"'],
        use: [
          "const api = createOfetch({ fetch: createFetch(auth) })",
          "",
          `console.log(await api("${PATH}", { baseURL: "${ORIGIN}" }))`,
        ],
      }),
  },
  {
    id: "wretch",
    title: "wretch",
    install: "@countersign/fetch wretch",
    run: "node",
    program: (way) =>
      moduleProgram(way, {
        own: "fetch",
        names: ["createFetch"],
        imports: ['import wretch from "wretch"'],
        use: [
          `const api = wretch("${ORIGIN}").fetchPolyfill(createFetch(auth))`,
          "",
          `console.log(await api.get("${PATH}").json())`,
        ],
      }),
  },
  {
    id: "openapi-fetch",
    title: "openapi-fetch",
    install: "@countersign/fetch openapi-fetch",
    run: "node",
    note: "`paths` comes from openapi-typescript. Here it has one path.",
    program: (way) =>
      moduleProgram(way, {
        own: "fetch",
        names: ["createFetch"],
        imports: ['import createClient from "openapi-fetch"'],
        use: [
          "",
          "interface paths {",
          `  "${PATH}": {`,
          '    get: { responses: { 200: { content: { "application/json": { account_balances: object[] } } } } }',
          "  }",
          "}",
          `const api = createClient<paths>({ baseUrl: "${ORIGIN}", fetch: createFetch(auth) })`,
          "",
          `const { data } = await api.GET("${PATH}")`,
          "console.log(data?.account_balances)",
        ],
      }),
  },
  {
    id: "hey-api",
    title: "hey-api",
    install: "@countersign/fetch @hey-api/client-fetch",
    run: "node",
    note: "A generated client has `client.setConfig`, which takes the same options.",
    program: (way) =>
      moduleProgram(way, {
        own: "fetch",
        names: ["createFetch"],
        imports: ['import { createClient } from "@hey-api/client-fetch"'],
        use: [
          `const client = createClient({ baseUrl: "${ORIGIN}", fetch: createFetch(auth) })`,
          "",
          `const { data } = await client.get({ url: "${PATH}" })`,
          "console.log(data)",
        ],
      }),
  },
  {
    id: "nestjs",
    title: "NestJS",
    install: "@countersign/axios axios @nestjs/common @nestjs/core @nestjs/platform-express reflect-metadata rxjs",
    run: "decorators",
    note: "The client is a provider, so that every service of the program shares it, and its tokens. `@nestjs/axios` has its instance in `httpService.axiosRef`: pass that to `withAuth` instead.",
    program: (way) =>
      moduleProgram(way, {
        own: "axios",
        names: ["withAuth"],
        imports: [
          'import { Controller, Get, Inject, Module } from "@nestjs/common"',
          'import { NestFactory } from "@nestjs/core"',
          'import axios, { type AxiosInstance } from "axios"',
          'import "reflect-metadata"',
        ],
        use: [
          `const api = withAuth(axios.create({ baseURL: "${ORIGIN}" }), auth)`,
          "",
          '@Controller("balances")',
          "class BalancesController {",
          '  constructor(@Inject("HUAWEI_CLOUD") private readonly huaweiCloud: AxiosInstance) {}',
          "",
          "  @Get()",
          "  async balances() {",
          `    const { data } = await this.huaweiCloud.get("${PATH}")`,
          "    return data",
          "  }",
          "}",
          "",
          '@Module({ controllers: [BalancesController], providers: [{ provide: "HUAWEI_CLOUD", useValue: api }] })',
          "class AppModule {}",
          "",
          "const app = await NestFactory.create(AppModule)",
          "await app.listen(process.env.PORT ?? 3000)",
        ],
      }),
  },
  {
    id: "nextjs",
    title: "Next.js",
    install: "@countersign/fetch",
    run: "route",
    note: 'This is `app/balances/route.ts`. Next.js keeps answers of fetch, if you ask it to; `cache: "no-store"` says that this one changes.',
    program: (way) =>
      moduleProgram(way, {
        own: "fetch",
        names: ["createFetch"],
        use: [
          authFetch,
          "",
          "export async function GET(): Promise<Response> {",
          `  const answer = await authFetch("${ORIGIN}${PATH}", { cache: "no-store" })`,
          "  return Response.json(await answer.json(), { status: answer.status })",
          "}",
        ],
      }),
  },
  {
    id: "express",
    title: "Express",
    install: "@countersign/axios axios express",
    run: "server",
    program: (way) =>
      moduleProgram(way, {
        own: "axios",
        names: ["withAuth"],
        imports: ['import axios from "axios"', 'import express from "express"'],
        use: [
          `const api = withAuth(axios.create({ baseURL: "${ORIGIN}" }), auth)`,
          "",
          "const app = express()",
          'app.get("/balances", async (_request, response) => {',
          `  const { data } = await api.get("${PATH}")`,
          "  response.json(data)",
          "})",
          "app.listen(process.env.PORT ?? 3000)",
        ],
      }),
  },
  {
    id: "workers",
    title: "Workers",
    install: "@countersign/fetch",
    run: "worker",
    note: "For Cloudflare Workers and other runtimes on workerd, with the flag `nodejs_compat`, which puts variables and secrets into `process.env`.",
    program: (way) =>
      moduleProgram(way, {
        own: "fetch",
        names: ["createFetch"],
        use: [
          authFetch,
          "",
          "export default {",
          "  async fetch(): Promise<Response> {",
          `    return authFetch("${ORIGIN}${PATH}")`,
          "  },",
          "}",
        ],
      }),
    allows: ({ id }) => id !== "machine",
  },
  {
    id: "deno",
    title: "Deno",
    install: "@countersign/fetch",
    run: "deno",
    note: "`deno add npm:@countersign/fetch` installs it. Run with `--allow-net --allow-env`, and `--allow-read` for a profile file.",
    program: (way) =>
      moduleProgram(way, { own: "fetch", names: ["createFetch"], use: [authFetch, "", ...printsBalances] }),
  },
  {
    id: "bun",
    title: "Bun",
    install: "@countersign/fetch",
    run: "bun",
    note: "`bun add @countersign/fetch` installs it.",
    program: (way) =>
      moduleProgram(way, { own: "fetch", names: ["createFetch"], use: [authFetch, "", ...printsBalances] }),
  },
  {
    id: "commonjs",
    title: "CommonJS",
    install: "@countersign/axios axios",
    run: "commonjs",
    program: (way) =>
      [
        `const { ${[...way.names, "withAuth"].join(", ")} } = require("@countersign/axios")`,
        'const axios = require("axios")',
        "",
        ...way.lines,
        `const api = withAuth(axios.create({ baseURL: "${ORIGIN}" }), auth)`,
        "",
        `api.get("${PATH}").then(({ data }) => console.log(data))`,
        "",
      ].join("\n"),
  },
  {
    id: "jest",
    title: "Jest",
    install: "@countersign/axios @countersign/emulator axios jest",
    run: "jest",
    note: "The emulator stands in for Huawei Cloud. It checks every token and every signature, so the test needs no account.",
    allows: ({ id }) => id === "aksk" || id === "token",
    program: ({ id }) =>
      [
        `const { ${id === "aksk" ? "akskAuth" : "passwordToken, tokenAuth"}, withAuth } = require("@countersign/axios")`,
        'const { startEmulator } = require("@countersign/emulator")',
        'const axios = require("axios")',
        "",
        "let emulator",
        "beforeAll(async () => {",
        "  emulator = await startEmulator()",
        "})",
        "afterAll(() => emulator.close())",
        "",
        'test("the balances of the caller", async () => {',
        "  const { user, domain } = emulator.accounts.partner",
        ...(id === "aksk"
          ? ["  const auth = akskAuth(user.credentials)"]
          : [
              "  const token = passwordToken({",
              "    iamEndpoint: emulator.url,",
              "    user: user.name,",
              "    password: user.password,",
              "    domain: domain.name,",
              "    scope: { domain: domain.name },",
              "  })",
              "  const auth = tokenAuth(token)",
            ]),
        "  const api = withAuth(axios.create({ baseURL: emulator.url }), auth)",
        `  const { data } = await api.get("${PATH}")`,
        '  expect(data.account_balances[0].currency).toBe("USD")',
        "})",
        "",
      ].join("\n"),
  },
  {
    id: "browser",
    title: "Browser",
    install: "@countersign/fetch",
    run: "page",
    note: "A page gets a token from your own server, since everybody can read what a page holds. The server answers with `Response.json(await cache.get(token))`, where `cache` is a `TokenCache` and `token` is a provider such as `passwordToken(…)`. The service must allow the page's origin (CORS).",
    allows: ({ id }) => id === "token",
    program: () =>
      [
        'import { createFetch, type Token, tokenAuth } from "@countersign/fetch"',
        "",
        "// Your server answers with the `value`, `issuedAt` and `expiresAt` of a token. It is asked again when a new one is due.",
        'const auth = tokenAuth(async (): Promise<Token> => (await fetch("/token")).json())',
        authFetch,
        "",
        ...printsBalances,
        "",
      ].join("\n"),
  },
]
