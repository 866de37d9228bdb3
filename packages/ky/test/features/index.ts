import { type FeatureList, installedVersion } from "@countersign/testkit"
import * as newest from "ky"
import * as oldest from "ky-1.7"
import * as last1 from "ky-1.14"
import { calls } from "./calls.ts"
import { errors } from "./errors.ts"
import { hooks } from "./hooks.ts"
import { instances } from "./instances.ts"
import { type KyClient, release } from "./ky-client.ts"
import { options } from "./options.ts"
import { retries } from "./retries.ts"

const version = (name: string): string => installedVersion(name, import.meta.url)

export const features: FeatureList<KyClient> = {
  client: "ky",
  concurrent: true,
  releases: [
    release("ky 2.1", version("ky"), newest),
    release("ky 1.14", version("ky-1.14"), last1),
    release("ky 1.7", version("ky-1.7"), oldest),
  ],
  themes: {
    "Calls and bodies": calls,
    Options: options,
    Retries: retries,
    Hooks: hooks,
    "Errors, timeouts, aborts, progress": errors,
    "Instances, redirects, pagination": instances,
  },
}
