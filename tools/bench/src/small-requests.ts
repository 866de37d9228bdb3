import { createSigner, type SignableRequest, type SignOptions, sign } from "@countersign/auth-core"
import { allocatedBytes } from "./allocated-bytes.ts"
import { credentials, get, parts, post } from "./example-request.ts"
import { bareHashesOf, floorOf } from "./floor.ts"
import { officialCredential, officialDerivedSigner, signersOfGet } from "./peers.ts"
import { awaited, interleaved, median, ratio, sync } from "./rounds.ts"
import { type Part, type Row, time } from "./row.ts"

const V11 = { algorithm: "V11-HMAC-SHA256", region: "cn-north-4", service: "iotda" } as const
const SM3 = { algorithm: "SDK-HMAC-SM3" } as const

/** Small requests against their floors, and against other signers. */
export const smallRequests: Part = async ({ quick }) => {
  const rounds = quick ? 31 : 151
  const key = createSigner(credentials)
  const samples = await interleaved(
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
      aws4fetch: awaited(signersOfGet.aws4fetch(new Map())),
    },
    { rounds },
  )
  const detail = (name: keyof typeof samples): string => time(median(samples[name]))
  const rows: Row[] = [
    row("get", "sign a GET", "the floor", ratio(samples, "sign", "floor"), 1.6, detail("sign")),
    row(
      "get-prepared",
      "the same with createSigner",
      "the floor",
      ratio(samples, "signer", "floor"),
      undefined,
      detail("signer"),
    ),
    row(
      "get-hashes",
      "sign a GET",
      "three hashes of ready text",
      ratio(samples, "sign", "hashes"),
      undefined,
      detail("hashes"),
    ),
    row("post-1kb", "sign a 1 kB POST", "its floor", ratio(samples, "post", "postFloor"), 1.5, detail("post")),
    {
      ...row(
        "get-official",
        "sign a GET, the official signer",
        "sign()",
        ratio(samples, "official", "sign"),
        undefined,
        detail("official"),
      ),
      target: { atLeast: 8 },
    },
    row("get-aws4", "sign a GET, aws4", "sign()", ratio(samples, "aws4", "sign"), undefined, detail("aws4")),
    row(
      "get-smithy",
      "sign a GET, @smithy/signature-v4",
      "sign()",
      ratio(samples, "smithy", "sign"),
      undefined,
      detail("smithy"),
    ),
    row(
      "get-aws4fetch",
      "sign a GET, aws4fetch",
      "sign()",
      ratio(samples, "aws4fetch", "sign"),
      undefined,
      detail("aws4fetch"),
    ),
    ...(await otherAlgorithms(rounds)),
  ]
  const bytes = allocatedBytes(() => sign(get, credentials))
  if (bytes !== undefined) {
    rows.push({
      id: "get-allocated",
      what: "garbage of a GET",
      against: "heap used",
      value: bytes,
      unit: "bytes",
      target: { atMost: 1_800 },
    })
  }
  return { rows }
}

async function otherAlgorithms(rounds: number): Promise<Row[]> {
  const rows: Row[] = []
  for (const [id, options] of [
    ["v11", V11],
    ["sm3", SM3],
  ] as const) {
    if (!isSupported(get, options)) continue
    const { algorithm } = options
    const samples = await interleaved<"floor" | "sign" | "official">(
      {
        floor: sync(floorOf(get, algorithm)),
        sign: sync(() => sign(get, credentials, options)),
        official: id === "v11" ? officialDerived() : () => undefined,
      },
      { rounds },
    )
    rows.push(
      row(
        `get-${id}`,
        `sign a GET, ${algorithm}`,
        "its floor",
        ratio(samples, "sign", "floor"),
        1.6,
        time(median(samples.sign)),
      ),
    )
    if (id === "v11") {
      const took = time(median(samples.official))
      rows.push(
        row(
          "get-v11-official",
          "the official V11 signer",
          "sign()",
          ratio(samples, "official", "sign"),
          undefined,
          took,
        ),
      )
    }
  }
  return rows
}

function officialDerived() {
  const signer = officialDerivedSigner()
  const request = {
    endpoint: `${parts.origin}${parts.path}`,
    method: "GET",
    queryParams: parts.query,
    headers: { ...parts.headers, "content-type": "application/json" },
  }
  const credential = {
    ...officialCredential,
    getRegionId: () => V11.region,
    getDerivedAuthServiceName: () => V11.service,
  }
  return sync(() => signer.sign(request, credential))
}

function isSupported(request: SignableRequest, options: SignOptions): boolean {
  try {
    sign(request, credentials, options)
    return true
  } catch {
    return false
  }
}

function row(
  id: string,
  what: string,
  against: string,
  value: number,
  atMost: number | undefined,
  detail: string,
): Row {
  return { id, what, against, value, unit: "x", detail, target: atMost === undefined ? undefined : { atMost } }
}
