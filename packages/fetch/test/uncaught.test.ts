import { describeUncaughtErrors } from "@countersign/testkit"

const program = `
import { createFetch } from "@countersign/fetch"
const authenticated = createFetch(auth, { hosts: ["127.0.0.1"] })
const response = await authenticated(base + path, { method: "POST", body: "a", signal: AbortSignal.timeout(timeout) })
await response.clone().text()
ended(response)
`

describeUncaughtErrors("fetch", program, new URL("../", import.meta.url))
