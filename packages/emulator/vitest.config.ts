import { mergeConfig } from "vitest/config"
import { shared } from "../../vitest.shared.ts"

export default mergeConfig(shared, {
  // A page shows what happened a moment later, and a loaded machine takes its time.
  test: { expect: { poll: { timeout: 20_000 } } },
})
