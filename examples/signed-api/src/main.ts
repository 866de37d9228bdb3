// Starts the service with each framework, calls it with each client, and prints what happened.
import { callers } from "./callers.ts"
import { services, startService } from "./services.ts"

const alice = { accessKeyId: "AK-OF-ALICE", secretAccessKey: "sk-of-alice" }

let failed = 0
for (const name of Object.keys(services)) {
  const { origin, stop } = await startService(name)
  for (const [client, call] of Object.entries(callers)) {
    const posted = await call(origin, alice, { size: 3 })
    const listed = await call(origin, alice)
    const refused = await call(origin, { ...alice, secretAccessKey: `a guess with ${client}` })
    const isRight = posted.status === 200 && listed.status === 200 && refused.status === 401
    if (!isRight) failed++
    const statuses = `order ${posted.status}, list ${listed.status}, a wrong key ${refused.status}`
    console.log(`${name.padEnd(10)} ${client.padEnd(13)} ${statuses}${isRight ? "" : "   <- failed"}`)
  }
  stop()
}
process.exitCode = failed === 0 ? 0 : 1
