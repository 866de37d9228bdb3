// Plays the platform: runs one instance of the function and invokes it a few times.
import { handler } from "./handler.ts"

const statuses: number[] = []
for (const customer of ["customer-1", "customer-2", "customer-3"])
  statuses.push((await handler({ customer })).statusCode)
process.exit(statuses.every((status) => status === 200) ? 0 : 1)
