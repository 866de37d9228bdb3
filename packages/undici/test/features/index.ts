import { type FeatureList, installedVersion } from "@countersign/testkit"
import * as newest from "undici"
import * as oldest from "undici-7"
import { apis } from "./apis.ts"
import { dispatchers } from "./dispatchers.ts"
import { errors } from "./errors.ts"
import { fetches } from "./fetch.ts"
import { interceptors } from "./interceptors.ts"
import { request } from "./request.ts"
import { release, type UndiciClient } from "./undici-client.ts"

const version = (name: string): string => installedVersion(name, import.meta.url)

export const features: FeatureList<UndiciClient> = {
  client: "undici",
  concurrent: true,
  releases: [release("undici 8", version("undici"), newest), release("undici 7.10", version("undici-7"), oldest)],
  themes: {
    request: request,
    "stream, pipeline, upgrade, connect, dispatch, compose": apis,
    Dispatchers: dispatchers,
    Interceptors: interceptors,
    fetch: fetches,
    "Errors and timeouts": errors,
  },
}
