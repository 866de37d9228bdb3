import { type AccessKey, createVerifier } from "@countersign/server"

const keys = new Map<string, AccessKey<{ name: string }>>([
  ["sample-ak", { secretAccessKey: "sample-sk", owner: { name: "Alice" } }],
])

export async function works(): Promise<boolean> {
  const verifier = createVerifier({ keys: (accessKeyId) => keys.get(accessKeyId) })
  const bare = await verifier.verify({ method: "GET", url: "https://api.example.com/", headers: {} })
  const optional = await verifier.with({ optional: true }).verify({ method: "GET", url: "https://api.example.com/" })
  return !bare.ok && bare.code === "SIGNATURE_MISSING" && optional.ok && optional.auth === undefined
}

/** Compiled only, not run. */
export async function refused(): Promise<void> {
  const verdict = await createVerifier({ keys: (accessKeyId) => keys.get(accessKeyId) }).verify({
    method: "GET",
    url: "",
  })
  // @ts-expect-error: a refusal has no identity
  verdict.auth
  // @ts-expect-error: keys is a function
  createVerifier({ keys: "sample-sk" })
}
