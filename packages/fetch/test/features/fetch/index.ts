import { type FeatureList, installedVersion } from "@countersign/testkit"
import { withAuth } from "../../../src/index.ts"
import { requests } from "./requests.ts"
import { responses } from "./responses.ts"

export const features: FeatureList<typeof fetch> = {
  client: "fetch",
  concurrent: true,
  releases: [
    {
      name: "fetch of Node 24",
      version: installedVersion("node", import.meta.url),
      connect: ({ auth }) => (auth === undefined ? fetch : withAuth(fetch, auth, { hosts: ["127.0.0.1"] })),
    },
  ],
  themes: { Requests: requests, "Responses, redirects, errors, aborts": responses },
}
