import { describeFeatures } from "@countersign/testkit"
import { features as fetch } from "./features/fetch/index.ts"
import { features as ofetch } from "./features/ofetch/index.ts"
import { features as openapiFetch } from "./features/openapi-fetch/index.ts"
import { features as wretch } from "./features/wretch/index.ts"

describeFeatures(fetch)
describeFeatures(ofetch)
describeFeatures(wretch)
describeFeatures(openapiFetch)
