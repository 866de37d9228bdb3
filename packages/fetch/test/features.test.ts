import { describeFeatures } from "@countersign/testkit"
import { features as fetch } from "./features/fetch/index.ts"

describeFeatures(fetch)
