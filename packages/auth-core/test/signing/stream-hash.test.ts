import { createHash, randomBytes } from "node:crypto"
import { createReadStream } from "node:fs"
import { mkdtemp, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { beforeAll, describe, expect, it } from "vitest"
import { akskAuth } from "../../src/auth/aksk-auth.ts"
import { sign } from "../../src/signing/signer.ts"
import { hashPayload, type PayloadStream } from "../../src/signing/stream-hash.chunk.ts"
import { verify } from "../../src/signing/verify.ts"

const credentials = { accessKeyId: "QTWAOYTTINDUT2QVKYUC", secretAccessKey: "MFyfvK41ba2giqM7Uio6PznpdUKGpownRZlmVmHc" }
const bytes = randomBytes(3_000_001)
const sha256 = createHash("sha256").update(bytes).digest("hex")
let path = ""

beforeAll(async () => {
  path = join(await mkdtemp(join(tmpdir(), "countersign-hash-")), "payload")
  await writeFile(path, bytes)
})

async function* chunks<T>(...all: T[]): AsyncGenerator<T> {
  yield* all
}

describe("hashing a stream", () => {
  it("gives the hash of a file's bytes", async () => {
    expect(await hashPayload(createReadStream(path))).toBe(sha256)
  })

  it("gives the hash of a web stream, also if it cannot be iterated", async () => {
    const stream = new Blob([bytes]).stream()
    expect(await hashPayload(stream)).toBe(sha256)
    const plain = new Blob([bytes]).stream()
    Object.defineProperty(plain, Symbol.asyncIterator, { value: undefined })
    const bare = { getReader: () => plain.getReader(), locked: false } as unknown as ReadableStream<Uint8Array>
    expect(await hashPayload(bare)).toBe(sha256)
  })

  it("takes chunks of every size, and text as UTF-8", async () => {
    expect(await hashPayload(chunks(bytes))).toBe(sha256)
    expect(await hashPayload(chunks<string | Uint8Array>("Grüße, ", new TextEncoder().encode("世界")))).toBe(
      createHash("sha256").update("Grüße, 世界").digest("hex"),
    )
    expect(await hashPayload(chunks())).toBe(createHash("sha256").digest("hex"))
  })

  it("uses SM3 for an SM3 signature", async () => {
    const sm3 = createHash("sm3").update(bytes).digest("hex")
    expect(await hashPayload(createReadStream(path), "SDK-HMAC-SM3")).toBe(sm3)
  })

  it("lets other work go on during one large chunk", async () => {
    let turns = 0
    const timer = setInterval(() => turns++, 0)
    await hashPayload(chunks(new Uint8Array(32 * 1024 * 1024)))
    clearInterval(timer)
    expect(turns).toBeGreaterThan(3)
  })
})

describe("the hash of a stream", () => {
  it("signs a request whose body is not in memory", async () => {
    const request = { method: "PUT", url: "https://obs.example.com/v1/file", headers: {} }
    const signature = sign(request, credentials, { payloadHash: await hashPayload(createReadStream(path)) })
    const received = { ...request, headers: signature, body: bytes }
    expect(await verify(received, { secretFor: async () => credentials })).toMatchObject({ ok: true })
  })

  it("is the content hash header of a request that akskAuth signs, and the body stays unread", async () => {
    const auth = akskAuth(credentials)
    const headers = { "x-sdk-content-sha256": await hashPayload(createReadStream(path)) }
    expect(auth.bodyLimit(headers)).toBeUndefined()
    const request = { method: "PUT", url: "https://obs.example.com/v1/file", headers }
    const signed = await auth.authenticate({ ...request, body: undefined })
    const received = { ...request, headers: { ...headers, ...signed.headers }, body: bytes }
    expect(await verify(received, { secretFor: async () => credentials })).toMatchObject({ ok: true })
  })
})

describe("a stream that cannot be hashed", () => {
  it("was read before", async () => {
    const read = createReadStream(path)
    await hashPayload(read)
    await expect(hashPayload(read)).rejects.toMatchObject({ code: "AUTH_BODY_UNSIGNABLE" })
    const locked = new Blob([bytes]).stream()
    locked.getReader()
    await expect(hashPayload(locked)).rejects.toMatchObject({ code: "AUTH_BODY_UNSIGNABLE" })
  })

  it("gives neither text nor bytes, or is not a stream", async () => {
    const wrong = chunks({ a: 1 }) as unknown as PayloadStream
    await expect(hashPayload(wrong)).rejects.toMatchObject({ code: "AUTH_BODY_UNSIGNABLE" })
    const path = "/some/file" as unknown as PayloadStream
    await expect(hashPayload(path)).rejects.toMatchObject({ code: "AUTH_BODY_UNSIGNABLE" })
  })

  it("throws its own error", async () => {
    async function* failing(): AsyncGenerator<string> {
      yield "a part"
      throw new Error("disk gone")
    }
    await expect(hashPayload(failing())).rejects.toThrow("disk gone")
    await expect(hashPayload(createReadStream(`${path}.gone`))).rejects.toMatchObject({ code: "ENOENT" })
  })
})
