import { createSigner, sign } from "@countersign/auth-core"
import { allocatedBytes } from "./allocated-bytes.ts"
import { comparing, type Words } from "./compare.ts"
import { credentials, get, post } from "./example-request.ts"
import { floorOf, strictFloorOf } from "./floor.ts"
import { awaited, interleaved, sync } from "./rounds.ts"
import type { Part, Row } from "./row.ts"

const V11 = { algorithm: "V11-HMAC-SHA256", region: "cn-north-4", service: "iotdm" } as const
const SM3 = { algorithm: "SDK-HMAC-SM3" } as const

/** Small requests against their floors, and against other signers. */
export const smallRequests: Part = async ({ quick }) => {
  const rounds = quick ? 31 : 151
  const rows = [...(await sha256(rounds)), ...(await v11(rounds)), ...(await sm3(rounds)), ...(await peers(rounds))]
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
        strictFloor: sync(strictFloorOf(get, "SDK-HMAC-SHA256")),
        sign: sync(() => sign(get, credentials)),
        signer: sync(() => key.sign(get)),
        postFloor: sync(floorOf(post, "SDK-HMAC-SHA256")),
        post: sync(() => sign(post, credentials)),
      },
      { rounds },
    ),
  )
  return [
    row("sign", "floor", { id: "get", what: "sign a GET", against: "the floor", target: { atMost: 1.6 } }),
    row("sign", "strictFloor", {
      id: "get-strict",
      what: "the same",
      against: "a floor without the hash of no body",
    }),
    row("floor", "strictFloor", {
      id: "floor",
      what: "the floor of a GET",
      against: "a floor without the hash of no body",
    }),
    row("signer", "floor", { id: "get-prepared", what: "a GET with createSigner", against: "the floor" }),
    row("post", "postFloor", {
      id: "post-1kb",
      what: "sign a POST of 770 bytes of JSON",
      against: "its floor",
      target: { atMost: 1.5 },
    }),
  ]
}

/**
 * Measured one after another, in long turns with several garbage collections each, so that the garbage of one is not counted
 * for the next.
 */
async function peers(rounds: number): Promise<Row[]> {
  const { signersOfGet } = await import("./peer-signers.ts")
  const against = "sign()"
  const words: Record<keyof typeof signersOfGet, Words> = {
    official: {
      id: "get-official",
      what: "a GET by the official SDK's signer",
      against,
      target: { atLeast: 8 },
    },
    aws4: { id: "get-aws4", what: "a GET by aws4", against },
    smithy: { id: "get-smithy", what: "a GET by @smithy/signature-v4", against },
    aws4fetch: { id: "get-aws4fetch", what: "a GET by aws4fetch", against },
  }
  const rows: Row[] = []
  for (const name of ["official", "aws4", "smithy", "aws4fetch"] as const) {
    const peer = signersOfGet[name]()
    const isAsync = name === "smithy" || name === "aws4fetch"
    const cases = { sign: sync(() => sign(get, credentials)), peer: isAsync ? awaited(peer) : sync(peer) }
    const samples = await interleaved(cases, { rounds: Math.ceil(rounds / 5), roundMs: 60 })
    rows.push(comparing(samples)("peer", "sign", words[name]))
  }
  return rows
}

async function v11(rounds: number): Promise<Row[]> {
  const row = comparing(
    await interleaved(
      {
        floor: sync(floorOf(get, V11.algorithm)),
        strictFloor: sync(strictFloorOf(get, V11.algorithm)),
        sign: sync(() => sign(get, credentials, V11)),
      },
      { rounds },
    ),
  )
  const { officialDerivedSigner } = await import("./peer-signers.ts")
  const peer = comparing(
    await interleaved(
      { sign: sync(() => sign(get, credentials, V11)), peer: sync(officialDerivedSigner(V11)) },
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
    row("sign", "strictFloor", {
      id: "get-v11-strict",
      what: "the same",
      against: "a floor without the hash of no body",
    }),
    peer("peer", "sign", {
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
