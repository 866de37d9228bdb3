import { describeUncaughtErrors } from "@countersign/testkit"

for (const release of ["ky", "ky-1.14", "ky-1.7"]) {
  const program = `
import ky from "${release}"
import { withAuth } from "@countersign/ky"
const api = withAuth(ky.create({ timeout, retry: 0 }), auth, { hosts: ["127.0.0.1"] })
ended(await (await api.post(base + path, { json: { a: 1 } })).text())
`
  describeUncaughtErrors(release, program, new URL("../", import.meta.url))
}
