import { mergeConfig } from "vitest/config"
import { shared } from "../../vitest.shared.ts"

// These tests wait most of the time, and each file starts servers of its own.
export default mergeConfig(shared, { test: { maxWorkers: 2 } })
