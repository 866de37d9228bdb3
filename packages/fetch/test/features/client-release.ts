import { type FeatureSetup, installedVersion } from "@countersign/testkit"
import { withAuth } from "../../src/index.ts"

/** The fetch of a client: the platform's own, or an authenticated one. */
export function fetchFor({ auth }: Pick<FeatureSetup, "auth">): typeof fetch {
  return auth === undefined ? fetch : withAuth(fetch, auth, { hosts: ["127.0.0.1"] })
}

export function version(name: string): string {
  return installedVersion(name, import.meta.url)
}
