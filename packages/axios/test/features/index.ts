import { type FeatureList, type FeatureRelease, installedVersion } from "@countersign/testkit"
import axios, { type AxiosInstance } from "axios"
import { withAuth } from "../../src/index.ts"
import { on } from "./axios-feature.ts"
import { connections, LOOKED_UP } from "./connections.ts"
import { errors } from "./errors.ts"
import { forms } from "./forms.ts"
import { instances } from "./instances.ts"
import { interceptors } from "./interceptors.ts"
import { limits } from "./limits.ts"
import { progress } from "./progress.ts"
import { redirects } from "./redirects.ts"
import { requestBodies } from "./request-bodies.ts"
import { requestHeaders } from "./request-headers.ts"
import { responses } from "./responses.ts"
import { urls } from "./urls.ts"

function release(name: string, adapter: "http" | "fetch", version: string): FeatureRelease<AxiosInstance> {
  return {
    name,
    version,
    connect({ server, auth }) {
      const api = axios.create({ baseURL: server.url, adapter })
      return auth === undefined ? api : withAuth(api, auth, { hosts: ["127.0.0.1", LOOKED_UP], allowInsecure: true })
    },
  }
}

const newest = installedVersion("axios", import.meta.url)
const oldest = installedVersion("axios-1.7", import.meta.url)

/** All features in axios' README, on each adapter of the newest and the oldest supported release. */
export const features: FeatureList<AxiosInstance> = {
  client: "axios",
  concurrent: true,
  releases: [
    release(on.newestHttp[0], "http", newest),
    release(on.newestFetch[0], "fetch", newest),
    release(on.oldestHttp[0], "http", oldest),
    release(on.oldestFetch[0], "fetch", oldest),
  ],
  themes: {
    "URL and parameters": urls,
    "Request headers": requestHeaders,
    "Request bodies": requestBodies,
    Forms: forms,
    Responses: responses,
    "Timeout and cancellation": limits,
    Progress: progress,
    Redirects: redirects,
    Connections: connections,
    Errors: errors,
    Interceptors: interceptors,
    "Instances and methods": instances,
  },
}
