import { sign } from "@countersign/auth-core"
import { createVerifier, keystone } from "@countersign/server"
import { allocatedBytes } from "./allocated-bytes.ts"
import { comparing } from "./compare.ts"
import { credentials, get } from "./example-request.ts"
import { officialCredential, officialSigner } from "./official-signer.ts"
import { interleaved, sync } from "./rounds.ts"
import type { Part } from "./row.ts"

const KEYS = 100
const SECONDS = 10
const HOUR_MS = 3_600_000

/** Measures the other side: signatures and tokens that a service checks. */
export const verifying: Part = async ({ quick }) => {
  const verifier = createVerifier({
    keys: (accessKeyId) => ({ ...credentials, accessKeyId }),
    keyCache: { ttlMs: Number.POSITIVE_INFINITY },
  })
  const now = Date.now()
  const signedBy = (accessKeyId: string, time: number) => ({
    ...get,
    headers: { ...get.headers, ...sign(get, { ...credentials, accessKeyId }, { date: new Date(time) }) },
  })
  const one = signedBy(credentials.accessKeyId, now)
  // First, as a service that has only one kind of request compiles it.
  for (let time = 0; time < 200_000; time++) void verifier.verify(one)
  const bytes = allocatedBytes(() => verifier.verify(one))
  const many = Array.from({ length: KEYS * SECONDS }, (_, index) =>
    signedBy(`AK${index % KEYS}`, now - Math.floor(index / KEYS) * 1_000),
  )
  let turn = 0
  const official = officialSigner()
  const url = new URL(get.url)
  const officialRequest = {
    endpoint: url.origin,
    url: url.pathname,
    method: "GET",
    headers: {},
    queryParams: Object.fromEntries(url.searchParams),
  }
  const tokens = await introspection()
  const raw = new Map(tokens.texts.map((text) => [text.toString("latin1"), { expiresAt: now + HOUR_MS }]))
  // Each request has a text of its own, fresh from the wire.
  const fresh = (): string => tokens.texts[turn++ % tokens.texts.length]?.toString("latin1") ?? ""
  const bare = { method: "GET", url: get.url }
  const row = comparing(
    await interleaved(
      {
        sign: sync(() => sign(get, credentials)),
        verify: sync(() => verifier.verify(one)),
        turns: sync(() => verifier.verify(many[turn++ % many.length] ?? one)),
        official: sync(() => official.sign({ ...officialRequest, headers: {} }, officialCredential)),
        map: sync(() => (raw.get(fresh())?.expiresAt ?? 0) > Date.now()),
        token: sync(() => tokens.verifier.verify({ ...bare, headers: { "x-auth-token": fresh() } })),
      },
      { rounds: quick ? 31 : 151 },
    ),
  )
  return {
    rows: [
      row("verify", "sign", {
        id: "verify",
        what: "verify a GET, key cached",
        against: "sign()",
        target: { atMost: 1.25 },
      }),
      row("official", "verify", {
        id: "verify-official",
        what: "a GET signed again by the official SDK's signer",
        against: "verify()",
        target: { atLeast: 9 },
      }),
      row("turns", "sign", {
        id: "verify-turns",
        what: "verify a GET, 100 keys and ten seconds in turn",
        against: "sign()",
        target: { atMost: 2 },
      }),
      row("token", "map", {
        id: "verify-token",
        what: "a request with a token that IAM was asked about before",
        against: "a Map read by the token, whose text is a new string each time",
        target: { atMost: 3 },
      }),
      ...(bytes === undefined
        ? []
        : [
            {
              id: "verify-allocated",
              what: "garbage of verifying a GET",
              against: "heap used",
              value: bytes,
              unit: "bytes" as const,
              target: { atMost: 2_500 },
            },
          ]),
      {
        id: "verify-token-cold",
        what: "10,000 concurrent cold requests with one token, questions to IAM",
        against: "per 10,000 requests",
        value: tokens.questions,
        unit: "calls",
        target: { atMost: 1 },
      },
    ],
  }
}

/** A verifier that knows the tokens, after ten thousand concurrent requests with the first. */
async function introspection() {
  let questions = 0
  const expires_at = new Date(Date.now() + HOUR_MS).toISOString()
  const named = { id: "1", name: "one" }
  const body = JSON.stringify({ token: { user: { ...named, domain: named }, roles: [], methods: [], expires_at } })
  const source = keystone({
    iamEndpoint: "https://iam.example.com",
    auth: "MIIown",
    fetch: async () => {
      questions++
      return new Response(body)
    },
  })
  const verifier = createVerifier({ tokens: source })
  const texts = Array.from({ length: 100 }, (_, index) => Buffer.from(`MII${index}${"t".repeat(1_500)}`))
  const judge = async (text: Buffer | undefined) =>
    verifier.verify({ method: "GET", url: get.url, headers: { "x-auth-token": text?.toString("latin1") ?? "" } })
  const verdicts = await Promise.all(Array.from({ length: 10_000 }, () => judge(texts[0])))
  if (!verdicts.every(({ ok }) => ok)) throw new Error("A token was refused.")
  const cold = questions
  for (const text of texts) await judge(text)
  return { verifier, texts, questions: cold }
}
