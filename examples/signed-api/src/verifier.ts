import { createVerifier } from "@countersign/server"

/** A caller of the service. */
export interface Customer {
  name: string
}

/** The keys of callers: here in a map, in your service in a database. A key may have two secrets while its owner changes them. */
const keys = new Map([
  ["AK-OF-ALICE", { secretAccessKey: ["sk-of-alice", "new-sk-of-alice"], owner: { name: "Alice" } }],
  ["AK-OF-BOB", { secretAccessKey: "sk-of-bob", owner: { name: "Bob" } }],
])

/** One verifier for all routes and frameworks. */
export const verifier = createVerifier<Customer>({ keys: (accessKeyId) => keys.get(accessKeyId) })
