import { vi } from "vitest"
import "../../src/sm3.ts"
import { describeVectors } from "./describe-vectors.ts"

// The `#digest` of runtimes without node:crypto.
vi.mock("#digest", () => import("../../src/digest/portable.ts"))

// The digest does not decide what is refused, and this one is slow.
describeVectors("browsers and workers", 7)
