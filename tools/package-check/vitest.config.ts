import { mergeConfig } from "vitest/config"
import { shared } from "../../vitest.shared.ts"

// Installing and type checking take their time; packages are checked side by side.
export default mergeConfig(shared, { test: { testTimeout: 120_000, hookTimeout: 120_000 } })
