import { mergeConfig } from "vitest/config"
import { shared } from "../../vitest.shared.ts"

export default mergeConfig(shared, {
  // CommonJS modules are imported as Node imports them.
  test: { deps: { interopDefault: false } },
})
