import { mkdtemp, rm, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { fileURLToPath, pathToFileURL } from "node:url"
import type { akskAuth, sign } from "@countersign/auth-core"
import { build } from "esbuild"
import { comparing } from "./compare.ts"
import { credentials, get, post } from "./example-request.ts"
import { aws4fetchSigner } from "./peer-signers.ts"
import { awaited, interleaved, sync } from "./rounds.ts"
import type { Part } from "./row.ts"

/** Compares the signer of browsers and workers, without node:crypto, with a signer on WebCrypto. */
export const portableSigner: Part = async ({ quick }) => {
  const { akskAuth, sign } = await portable()
  const auth = akskAuth(credentials)
  const upload = { ...post, body: new Uint8Array(1024 * 1024).fill(7) }
  const row = comparing(
    await interleaved(
      {
        get: sync(() => sign(get, credentials)),
        post: sync(() => sign(post, credentials)),
        aws4fetchGet: awaited(aws4fetchSigner(get)),
        aws4fetchPost: awaited(aws4fetchSigner(post)),
        upload: sync(() => sign(upload, credentials)),
        uploadLater: awaited(async () => auth.authenticate(upload)),
      },
      { rounds: quick ? 31 : 151 },
    ),
  )
  // WebCrypto works in another thread. The time to wake it varies by a factor of four between runs.
  const ambition = { target: { atLeast: 20 }, isUnsteady: true }
  return {
    rows: [
      row("aws4fetchGet", "get", {
        id: "portable-get",
        what: "a GET by aws4fetch, one after another",
        against: "the portable sign()",
        ...ambition,
      }),
      row("aws4fetchPost", "post", {
        id: "portable-post",
        what: "a POST of 770 bytes of JSON by aws4fetch",
        against: "the portable sign()",
        ...ambition,
      }),
      row("uploadLater", "upload", {
        id: "portable-1mb",
        what: "a 1 MB body with akskAuth, hashed by WebCrypto",
        against: "the portable sign(), which hashes it in JavaScript",
        target: { atMost: 0.25 },
        isUnsteady: true,
      }),
    ],
  }
}

/** The signer as a bundler resolves it for a browser. */
async function portable(): Promise<{ akskAuth: typeof akskAuth; sign: typeof sign }> {
  const { outputFiles } = await build({
    stdin: {
      contents: 'export { akskAuth, sign } from "@countersign/auth-core"',
      resolveDir: fileURLToPath(new URL(".", import.meta.url)),
    },
    bundle: true,
    format: "esm",
    platform: "browser",
    conditions: ["browser"],
    external: ["node:*"],
    write: false,
    logLevel: "error",
  })
  const code = outputFiles[0]?.text ?? ""
  if (/from\s*"node:crypto"/.test(code)) throw new Error("The bundle for browsers imports node:crypto.")
  const folder = await mkdtemp(join(tmpdir(), "countersign-bench-"))
  try {
    const file = join(folder, "portable.mjs")
    await writeFile(file, code)
    return (await import(pathToFileURL(file).href)) as Awaited<ReturnType<typeof portable>>
  } finally {
    await rm(folder, { recursive: true })
  }
}
