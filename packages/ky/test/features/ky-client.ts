import type { Feature, FeatureRelease } from "@countersign/testkit"
import type * as newest from "ky"
import type { Hooks, KyInstance, Options } from "ky"
import { withAuth } from "../../src/index.ts"
import { prefix } from "../clients.ts"

type Ky = typeof newest

/** A release of ky, set up for the tests. */
export interface KyClient {
  /** An instance for the recording server. */
  api: KyInstance
  /** An instance that got these options before its authentication. */
  create(options: Options): KyInstance
  /** The exports of the release. */
  module: Ky
}

export type KyFeature = Feature<KyClient>

export function release(name: string, version: string, module: unknown): FeatureRelease<KyClient> {
  const exported = module as Ky
  return {
    name,
    version,
    connect({ server, auth }) {
      const create = (options: Options): KyInstance => {
        const api = exported.default.create({ ...prefix(name, server.url), ...options })
        return auth === undefined ? api : withAuth(api, auth, { hosts: ["127.0.0.1"] })
      }
      return { api: create({}), create, module: exported }
    },
  }
}

/** A section of ky's README. */
export function readme(section: string): string {
  return `https://github.com/sindresorhus/ky#${section}`
}

/** Releases by feature. */
export const SINCE_1_14 = ["ky 1.14", "ky 2.1"]
export const SINCE_2 = ["ky 2.1"]
export const BEFORE_2 = ["ky 1.7", "ky 1.14"]

/** Retries almost without a pause. */
export const quickly = { delay: () => 1 }

/** Answers 503 the given number of times, then 200. */
export function unavailable(times: number): KyFeature["answer"] & {} {
  return (_arrival, index) => (index < times ? { status: 503 } : {})
}

/** The arguments of a hook in any release. */
export interface HookState {
  request: Request
  options: { context: Record<string, unknown>; retry: { limit: number }; method: string }
  response: Response
  error: Error & { response?: Response; data?: unknown }
  retryCount: number
}

/** Hooks in the form of ky 2; ky 1 passes request, options and response one by one, and to `beforeError` the error. */
export function hooksOf(
  hooks: Partial<
    Record<"beforeRequest" | "beforeRetry" | "afterResponse" | "beforeError", ((state: HookState) => unknown)[]>
  >,
): Hooks {
  const entries = Object.entries(hooks).map(([name, list]) => [
    name,
    list.map((hook) => (first: unknown, options: unknown, ...rest: unknown[]): unknown => {
      if (first instanceof Request) {
        const [response, state] = name === "beforeRequest" ? [undefined, rest[0]] : rest
        return hook({ ...(state as object), request: first, options, response } as HookState)
      }
      return hook((first instanceof Error ? { ...(options as object), error: first } : first) as HookState)
    }),
  ])
  return Object.fromEntries(entries) as Hooks
}

export async function text(response: Response): Promise<string> {
  return `${response.status} ${await response.text()}`
}
