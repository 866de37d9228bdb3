import { createHash, createHmac, hash } from "node:crypto"
import { createSigner, TokenCache, tokenAuth } from "@countersign/auth-core"
import { comparing } from "./compare.ts"
import { credentials, get } from "./example-request.ts"
import { printTable } from "./print-table.ts"
import { awaited, interleaved, sync } from "./rounds.ts"

// Measures the savings of each habit in docs/hot-path.md: the usual way as a multiple of ours.

const BLOCK_BYTES = 64
const HOUR_MS = 3_600_000

const key = Buffer.from(credentials.secretAccessKey)
const text = `SDK-HMAC-SHA256\n20191115T033655Z\n${"6".repeat(BLOCK_BYTES)}`
const block = Buffer.alloc(BLOCK_BYTES)
block.set(key)
const inner = Buffer.from(block.map((byte) => byte ^ 0x36)).toString("latin1")
const outer = Buffer.alloc(BLOCK_BYTES + 32)
outer.set(block.map((byte) => byte ^ 0x5c))

const signer = createSigner(credentials)
const second = new Date(HOUR_MS)
let seconds = 0
const elsewhere = { ...get, url: get.url.replace("service", "another") }
let turn = false
const manyHeaders = {
  ...get,
  headers: { ...get.headers, ...Object.fromEntries(Array.from({ length: 20 }, (_, at) => [`x-trace-${at}`, "value"])) },
}

const cache = new TokenCache()
const token = tokenAuth(async () => ({ value: "MIItoken", issuedAt: Date.now(), expiresAt: Date.now() + HOUR_MS }), {
  cache,
})
const attempt = { ...get, body: null }
await token.authenticate(attempt)
const asked = async (): Promise<unknown> => await token.authenticate(attempt)
const askedAgain = async (): Promise<unknown> => await asked()

const row = comparing(
  await interleaved({
    createHmac: sync(() => createHmac("sha256", key).update(text).digest("hex")),
    prepared: sync(() => {
      outer.write(hash("sha256", inner + text, "binary"), BLOCK_BYTES, "latin1")
      return hash("sha256", outer, "hex")
    }),
    createHash: sync(() => createHash("sha256").update(text).digest("hex")),
    oneShot: sync(() => hash("sha256", text, "hex")),
    sign: sync(() => signer.sign(get, { date: second })),
    newKey: sync(() => createSigner(credentials).sign(get, { date: second })),
    newSecond: sync(() => signer.sign(get, { date: new Date(HOUR_MS + 1_000 * seconds++) })),
    newHost: sync(() => {
      turn = !turn
      return signer.sign(turn ? get : elsewhere, { date: second })
    }),
    unsignedHeaders: sync(() => signer.sign(manyHeaders, { date: second })),
    value: sync(() => token.authenticate(attempt)),
    awaitedValue: awaited(() => token.authenticate(attempt)),
    throughTwo: awaited(askedAgain),
  }),
)
console.log(
  printTable([
    row("createHmac", "prepared", {
      id: "hmac",
      what: "createHmac of node:crypto",
      against: "two one-shot hashes, key prepared",
    }),
    row("createHash", "oneShot", { id: "hash", what: "createHash of node:crypto", against: "a one-shot hash" }),
    row("newKey", "sign", {
      id: "key",
      what: "sign a GET, its key made ready each time",
      against: "with the key ready",
    }),
    row("newSecond", "sign", {
      id: "second",
      what: "sign a GET, each in a second of its own",
      against: "in the same second",
    }),
    row("newHost", "sign", { id: "host", what: "sign a GET, two hosts in turn", against: "to one host" }),
    row("unsignedHeaders", "sign", {
      id: "headers",
      what: "sign a GET with 20 headers more, unsigned",
      against: "without them",
    }),
    row("awaitedValue", "value", { id: "await", what: "a cached token, awaited", against: "taken as a value" }),
    row("throughTwo", "value", {
      id: "async",
      what: "a cached token through two async functions",
      against: "taken as a value",
    }),
  ]),
)
