import { describeExports } from "@countersign/testkit"
import * as entry from "../src/index.ts"

describeExports(entry, ["authInterceptor", "iamFetch", "withAuth"])
