import type { Feature, FeatureRelease } from "@countersign/testkit"
import type * as newest from "undici"
import type { Dispatcher } from "undici"
import { withAuth } from "../../src/index.ts"

type Undici = typeof newest

/** One release of undici, as a user has it. */
export interface UndiciClient {
  /** All that the release exports. */
  undici: Undici
  /** An Agent, authenticated. */
  agent: Dispatcher
  /** Authenticates a dispatcher, and destroys it after the run. */
  authenticated<D extends Dispatcher>(dispatcher: D): D
}

export type UndiciFeature = Feature<UndiciClient>

export function release(name: string, version: string, module: unknown): FeatureRelease<UndiciClient> {
  const undici = module as Undici
  return {
    name,
    version,
    connect({ auth, defer }) {
      const authenticated = <D extends Dispatcher>(dispatcher: D): D => {
        // Mocks cannot be destroyed, nor closed twice.
        const isMock = dispatcher instanceof undici.MockAgent || dispatcher instanceof undici.MockPool
        defer(() => (isMock ? dispatcher.close().catch(() => undefined) : dispatcher.destroy()))
        return auth === undefined
          ? dispatcher
          : withAuth(dispatcher, auth, { hosts: ["127.0.0.1"], allowInsecure: true })
      }
      return { undici, agent: authenticated(new undici.Agent()), authenticated }
    },
  }
}

/** A page of undici's reference. */
export function reference(page: string): string {
  return `https://undici.nodejs.org/#/docs/api/${page}.md`
}

export const SINCE_8 = ["undici 8"]
export const BEFORE_8 = ["undici 7.10"]

/** The error of some work. */
export function thrownBy(work: Promise<unknown>): Promise<Error & { code?: unknown }> {
  return work.then(
    () => {
      throw new Error("There was no error.")
    },
    (error: Error) => error,
  )
}
