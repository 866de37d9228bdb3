import { verify } from "@countersign/auth-core"
import type { Arrival, RecordingServer } from "../recording-server.ts"
import { credentials, customerCredentials, temporaryCredentials } from "./sample-credentials.ts"

const keys = [credentials, customerCredentials, temporaryCredentials]

/** Judges every arrival; see {@link signatureVerdict}. */
export function signatureVerdicts(server: RecordingServer): Promise<string[]> {
  return Promise.all(server.arrivals.map((arrival) => signatureVerdict(server, arrival)))
}

/** Judges a signature as the gateway does: "valid", or what is wrong and the canonical request that was expected. */
export async function signatureVerdict(
  server: RecordingServer,
  { method, target, headers, body }: Arrival,
): Promise<string> {
  const result = await verify(
    { method, url: `${server.url}${target}`, headers: headers as Record<string, string>, body },
    {
      secretFor: async (accessKeyId) => keys.find((key) => key.accessKeyId === accessKeyId),
      maxSkewMs: 86_400_000,
    },
  )
  return result.ok ? "valid" : `${result.message}\n${result.canonicalRequest}`
}
