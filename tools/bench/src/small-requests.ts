import { createSigner, sign } from "@countersign/auth-core"
import { allocatedBytes } from "./allocated-bytes.ts"
import { comparing } from "./compare.ts"
import { credentials, get, post } from "./example-request.ts"
import { bareHashesOf, floorOf } from "./floor.ts"
import { officialDerivedSigner, signersOfGet } from "./peers.ts"
import { awaited, interleaved, sync } from "./rounds.ts"
import type { Part, Row } from "./row.ts"

const V11 = { algorithm: "V11-HMAC-SHA256", region: "cn-north-4", service: "iotda" } as const
const SM3 = { algorithm: "SDK-HMAC-SM3" } as const

/** Small requests against their floors, and against other signers. */
export const smallRequests: Part = async ({ quick }) => {
  const rounds = quick ? 31 : 151
  const rows = [...(await sha256(rounds)), ...(await v11(rounds)), ...(await sm3(rounds))]
  const bytes = allocatedBytes(() => sign(get, credentials))
  if (bytes !== undefined)
    rows.push({
      id: "get-allocated",
      what: "garbage of signing a GET",
      against: "heap used",
      value: bytes,
      unit: "bytes",
      target: { atMost: 1_800 },
    })
  return { rows }
}

async function sha256(rounds: number): Promise<Row[]> {
  const key = createSigner(credentials)
  const row = comparing(
    await interleaved(
      {
        floor: sync(floorOf(get, "SDK-HMAC-SHA256")),
        hashes: sync(bareHashesOf(get, "SDK-HMAC-SHA256")),
        sign: sync(() => sign(get, credentials)),
        signer: sync(() => key.sign(get)),
        postFloor: sync(floorOf(post, "SDK-HMAC-SHA256")),
        post: sync(() => sign(post, credentials)),
        official: sync(signersOfGet.official()),
        aws4: sync(signersOfGet.aws4()),
        smithy: awaited(signersOfGet.smithy()),
        aws4fetch: awaited(signersOfGet.aws4fetch()),
      },
      { rounds },
    ),
  )
  return [
    row("sign", "floor", { id: "get", what: "sign a GET", against: "the floor", target: { atMost: 1.6 } }),
    row("signer", "floor", { id: "get-prepared", what: "the same with createSigner", against: "the floor" }),
    row("floor", "hashes", { id: "floor", what: "the floor of a GET", against: "three hashes of ready text" }),
    row("post", "postFloor", {
      id: "post-1kb",
      what: "sign a 1 kB JSON POST",
      against: "its floor",
      target: { atMost: 1.5 },
    }),
    row("official", "sign", {
      id: "get-official",
      what: "a GET by the official SDK's signer",
      against: "sign()",
      target: { atLeast: 8 },
    }),
    row("aws4", "sign", { id: "get-aws4", what: "a GET by aws4", against: "sign()" }),
    row("smithy", "sign", { id: "get-smithy", what: "a GET by @smithy/signature-v4", against: "sign()" }),
    row("aws4fetch", "sign", { id: "get-aws4fetch", what: "a GET by aws4fetch", against: "sign()" }),
  ]
}

async function v11(rounds: number): Promise<Row[]> {
  const row = comparing(
    await interleaved(
      {
        floor: sync(floorOf(get, V11.algorithm)),
        sign: sync(() => sign(get, credentials, V11)),
        official: sync(officialDerivedSigner(V11)),
      },
      { rounds },
    ),
  )
  return [
    row("sign", "floor", {
      id: "get-v11",
      what: "sign a GET, V11-HMAC-SHA256",
      against: "its floor",
      target: { atMost: 1.6 },
    }),
    row("official", "sign", {
      id: "get-v11-official",
      what: "the same by the official SDK's derived signer",
      against: "sign()",
    }),
  ]
}

async function sm3(rounds: number): Promise<Row[]> {
  try {
    sign(get, credentials, SM3)
  } catch {
    // Not every runtime has an SM3.
    return []
  }
  const row = comparing(
    await interleaved(
      { floor: sync(floorOf(get, SM3.algorithm)), sign: sync(() => sign(get, credentials, SM3)) },
      { rounds },
    ),
  )
  return [
    row("sign", "floor", {
      id: "get-sm3",
      what: "sign a GET, SDK-HMAC-SM3",
      against: "its floor",
      target: { atMost: 1.6 },
    }),
  ]
}
