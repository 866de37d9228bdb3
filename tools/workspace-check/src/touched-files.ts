// Prints, as JSON, which files of src a warm request runs through: by client and case, counted by the coverage of V8.
import { once } from "node:events"
import { createServer } from "node:https"
import { Session } from "node:inspector/promises"
import { registerHooks } from "node:module"
import type { AddressInfo } from "node:net"
import { selfSigned } from "@countersign/testkit"

// Its server is its own.
process.env.NODE_TLS_REJECT_UNAUTHORIZED = "0"
const packages = new URL("../../../packages/", import.meta.url)

// The built packages would give one file each.
registerHooks({
  resolve(specifier, context, nextResolve) {
    if (specifier === "#digest")
      return { url: new URL("auth-core/src/digest/node.ts", packages).href, shortCircuit: true }
    const [, name, entry = "index"] = /^@countersign\/([a-z-]+)(?:\/([a-z-]+))?$/.exec(specifier) ?? []
    if (name === undefined || name === "testkit") return nextResolve(specifier, context)
    return { url: new URL(`${name}/src/${entry}.ts`, packages).href, shortCircuit: true }
  },
})

const { akskAuth, createFetch, tokenAuth } = await import("@countersign/fetch")
const { withAuth } = await import("@countersign/axios")
const { default: axios } = await import("axios")

let isRefusing = false
const server = createServer(selfSigned("localhost"), (_, response) => {
  response.statusCode = isRefusing ? 401 : 200
  isRefusing = false
  response.end('{"error_code":"APIGW.0301","error_msg":"Incorrect IAM authentication information"}')
}).listen(0, "localhost")
await once(server, "listening")
const url = `https://localhost:${(server.address() as AddressInfo).port}/v3/servers?limit=1`

let tokens = 0
const token = () =>
  tokenAuth(async () => ({ value: `token-${++tokens}`, issuedAt: Date.now(), expiresAt: Date.now() + 86_400_000 }))
const key = akskAuth({ accessKeyId: "AK", secretAccessKey: "SK" })
const hosts = { hosts: ["localhost"] }
const [keyFetch, tokenFetch] = [createFetch(key, hosts), createFetch(token(), hosts)]
const [keyAxios, tokenAxios] = [withAuth(axios.create(), key, hosts), withAuth(axios.create(), token(), hosts)]

const cases: Record<string, () => Promise<unknown>> = {
  "fetch, AK/SK GET": async () => (await keyFetch(url)).text(),
  "axios, AK/SK GET": () => keyAxios.get(url),
  "fetch, token 401 and its replay": async () => {
    isRefusing = true
    return (await tokenFetch(url)).text()
  },
  "axios, token 401 and its replay": () => {
    isRefusing = true
    return tokenAxios.get(url)
  },
}

const session = new Session()
session.connect()
await session.post("Profiler.enable")
await session.post("Profiler.startPreciseCoverage", { callCount: true, detailed: false })
const touched: Record<string, string[]> = {}
for (const [name, run] of Object.entries(cases)) {
  for (let warming = 0; warming < 3; warming++) await run()
  await session.post("Profiler.takePreciseCoverage")
  await run()
  const { result } = await session.post("Profiler.takePreciseCoverage")
  touched[name] = result
    .filter(({ functions }) => functions.some(({ ranges }) => (ranges[0]?.count ?? 0) > 0))
    .flatMap(({ url: file }) => /\/packages\/(.*\/src\/.*)\.ts$/.exec(file)?.[1] ?? [])
    .sort()
}
session.disconnect()
server.close()
server.closeAllConnections()
console.log(JSON.stringify(touched))
