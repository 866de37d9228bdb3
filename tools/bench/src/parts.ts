import type { Part } from "./row.ts"
import type { RuntimeName } from "./runtimes.ts"

/** One part of the bench. Each is measured in a separate process, which loads only its own code. */
export interface PlannedPart {
  readonly name: string
  /** The heading of its rows. */
  readonly section: string
  readonly load: () => Promise<Part>
  /** @default Node only */
  readonly runtimes?: readonly RuntimeName[] | undefined
}

const EVERYWHERE = ["node", "bun", "deno"] as const

export const parts: readonly PlannedPart[] = [
  {
    name: "small-requests",
    section: "Small requests",
    load: async () => (await import("./small-requests.ts")).smallRequests,
    runtimes: EVERYWHERE,
  },
  {
    name: "large-bodies",
    section: "Large bodies",
    load: async () => (await import("./large-bodies.ts")).largeBodies,
  },
  {
    name: "streamed-file",
    section: "Large bodies",
    load: async () => (await import("./streamed-file.ts")).streamedFile,
  },
  {
    name: "cached-tokens",
    section: "Cached tokens",
    load: async () => (await import("./cached-tokens.ts")).cachedTokens,
    runtimes: EVERYWHERE,
  },
  {
    name: "verifying",
    section: "Verification",
    load: async () => (await import("./verifying.ts")).verifying,
  },
  wholeRequests("axios"),
  wholeRequests("got"),
  wholeRequests("ky"),
  { ...wholeRequests("fetch"), runtimes: EVERYWHERE },
  wholeRequests("undici"),
  {
    name: "adapters-over-stub",
    section: "Adapters alone",
    load: async () => (await import("./adapters-over-stub.ts")).adaptersOverStub,
  },
  {
    name: "frameworks",
    section: "Services",
    load: async () => (await import("./frameworks.ts")).frameworks,
  },
  {
    name: "import-time",
    section: "Start",
    load: async () => (await import("./import-time.ts")).importTime,
  },
  {
    name: "starts",
    section: "Start",
    load: async () => (await import("./starts.ts")).starts,
  },
  {
    name: "refresh-storm",
    section: "Cached tokens",
    load: async () => (await import("./refresh-storm.ts")).refreshStorm,
  },
  {
    name: "memory",
    section: "Memory",
    load: async () => (await import("./memory.ts")).memory,
  },
  {
    name: "fleet-memory",
    section: "Memory",
    load: async () => (await import("./fleet-memory.ts")).fleetMemory,
  },
  {
    name: "portable-signer",
    section: "Without node:crypto",
    load: async () => (await import("./portable-signer.ts")).portableSigner,
  },
  {
    name: "growth-of-signing",
    section: "How cost grows",
    load: async () => (await import("./growth-of-signing.ts")).growthOfSigning,
  },
  {
    name: "growth-of-cache",
    section: "How cost grows",
    load: async () => (await import("./growth-of-cache.ts")).growthOfCache,
  },
]

/** Whether a runtime measures a part. */
export function runsOn(part: PlannedPart | undefined, runtime: RuntimeName): boolean {
  return (part?.runtimes ?? ["node"]).includes(runtime)
}

function wholeRequests(client: "axios" | "got" | "ky" | "fetch" | "undici"): PlannedPart {
  return {
    name: client,
    section: "Whole requests",
    load: async () => (await import("./whole-requests.ts")).wholeRequests(client),
  }
}
