import { describeUncaughtErrors } from "@countersign/testkit"

for (const release of ["undici", "undici-7"]) {
  const client = `
import { Agent, fetch, interceptors, request } from "${release}"
import { withAuth } from "@countersign/undici"
const { redirect, responseError, retry } = interceptors
const dispatcher = withAuth(new Agent({ headersTimeout: timeout }), auth, { hosts: ["127.0.0.1"] })
  .compose(redirect({ maxRedirections: 2, throwOnMaxRedirect: true }), retry({ maxRetries: 1, minTimeout: 1 }), responseError())
`
  const directory = new URL("../", import.meta.url)
  const answer = `
const response = await request(base + path, { dispatcher, method: "PUT", body: "a", context: { a: 1 } })
await response.body.text()
ended([response, dispatcher])
`
  describeUncaughtErrors(`${release}, request`, client + answer, directory)
  const fetched = `
const response = await fetch(base + path, { dispatcher })
await response.text()
ended([response, dispatcher])
`
  describeUncaughtErrors(`${release}, fetch`, client + fetched, directory)
}
