import { describeUncaughtErrors } from "@countersign/testkit"

for (const release of ["got", "got-14"]) {
  const options = "{ timeout: { request: timeout }, retry: { limit: 0 }, maxRedirects: 2 }"
  const client = `
import got from "${release}"
import { withAuth } from "@countersign/got"
const api = withAuth(got.extend(${options}), auth, { hosts: ["127.0.0.1"] })
`
  const directory = new URL("../", import.meta.url)
  describeUncaughtErrors(
    `${release}, promise`,
    `${client}ended(await api.post(base + path, { json: { a: 1 } }))`,
    directory,
  )
  const stream = `
const stream = api.stream(base + path)
for await (const chunk of stream) if (path === "none") ended(chunk)
ended(stream)
`
  describeUncaughtErrors(`${release}, stream`, client + stream, directory)
}
