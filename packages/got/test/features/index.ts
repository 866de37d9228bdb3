import { type FeatureList, type FeatureRelease, installedVersion } from "@countersign/testkit"
import * as newest from "got"
import * as oldest from "got-14"
import { withAuth } from "../../src/index.ts"
import { calls } from "./calls.ts"
import { connections } from "./connections.ts"
import { cookiesAndCache } from "./cookies-and-cache.ts"
import { errors } from "./errors.ts"
import { type GotClient, on } from "./got-feature.ts"
import { hooks } from "./hooks.ts"
import { instances } from "./instances.ts"
import { limits } from "./limits.ts"
import { pagination } from "./pagination.ts"
import { redirects } from "./redirects.ts"
import { requestBodies } from "./request-bodies.ts"
import { responses } from "./responses.ts"
import { retries } from "./retries.ts"
import { streams } from "./streams.ts"

function release(name: string, packageName: string, own: GotClient["own"]): FeatureRelease<GotClient> {
  return {
    name,
    version: installedVersion(packageName, import.meta.url),
    connect({ server, auth }) {
      const api = own.default.extend({ prefixUrl: server.url, retry: { limit: 0 } })
      return { own, api: auth === undefined ? api : withAuth(api, auth, { hosts: ["127.0.0.1"] }) }
    },
  }
}

/** All features in got's documentation, with the newest and the oldest supported release. */
export const features: FeatureList<GotClient> = {
  client: "got",
  concurrent: true,
  releases: [
    release(on.newest[0], "got", newest),
    // Its types differ only in parts that no feature here uses.
    release(on.oldest[0], "got-14", oldest as unknown as typeof newest),
  ],
  themes: {
    "Calls, URL and headers": calls,
    "Request bodies": requestBodies,
    Responses: responses,
    Streams: streams,
    Retries: retries,
    Hooks: hooks,
    Redirects: redirects,
    Pagination: pagination,
    "Timeouts, aborts and progress": limits,
    "Cookies and cache": cookiesAndCache,
    Connections: connections,
    Errors: errors,
    Instances: instances,
  },
}
