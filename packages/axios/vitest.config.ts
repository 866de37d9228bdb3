import { mergeConfig } from "vitest/config"
import { shared } from "../../vitest.shared.ts"

// Everything runs twice: with the newest and with the oldest axios that is supported.
export default mergeConfig(shared, {
  test: {
    projects: [
      { extends: true, test: { name: "axios" } },
      {
        extends: true,
        test: { name: "axios-1.7" },
        resolve: { alias: [{ find: /^axios$/, replacement: "axios-1.7" }] },
      },
    ],
  },
})
