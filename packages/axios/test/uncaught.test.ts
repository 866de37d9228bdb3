import { describeUncaughtErrors } from "@countersign/testkit"
import { adapters, version } from "./axios-version.ts"

const aliases: Record<string, string> = version.startsWith("1.7.") ? { axios: "axios-1.7" } : {}

for (const adapter of adapters) {
  const program = `
import axios from "axios"
import { withAuth } from "@countersign/axios"
const api = withAuth(axios.create({ adapter: "${adapter}", timeout, maxRedirects: 2 }), auth, { hosts: ["127.0.0.1"] })
ended(await api.post(base + path, { a: 1 }))
`
  describeUncaughtErrors(`axios ${version}, ${adapter}`, program, new URL("../", import.meta.url), aliases)
}
