import { describeFeatures } from "@countersign/testkit"
import { features } from "./features/index.ts"

describeFeatures(features)
